"""All campaigns by name."""

from harness.tests.campaigns.campaign import Campaign

CAMPAIGNS: dict[str, Campaign] = {}
