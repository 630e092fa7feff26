"""All campaigns by name."""

from harness.tests.campaigns.campaign import Campaign
from harness.tests.campaigns.models import CAMPAIGN as MODELS

CAMPAIGNS: dict[str, Campaign] = {campaign.name: campaign for campaign in (MODELS,)}
