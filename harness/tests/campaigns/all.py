"""All campaigns by name."""

from harness.tests.campaigns import models, reports, store, tasks
from harness.tests.campaigns.campaign import Campaign

CAMPAIGNS: dict[str, Campaign] = {
    each.name: each for each in (store.CAMPAIGN, models.CAMPAIGN, tasks.CAMPAIGN, reports.CAMPAIGN)
}
