"""All campaigns by name."""

from harness.tests.campaigns import tasks
from harness.tests.campaigns.campaign import Campaign

CAMPAIGNS: dict[str, Campaign] = {campaign.name: campaign for campaign in (tasks.CAMPAIGN,)}
