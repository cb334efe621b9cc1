"""All the calls that `Actions` draws from, each with its weight: a new contract adds its table here."""

from __future__ import annotations

from typing import Final

from voltberg.experiments.fuzz.auction_batch_calls import AUCTION_BATCH_CALLS
from voltberg.experiments.fuzz.auction_calls import AUCTION_CALLS
from voltberg.experiments.fuzz.batch_calls import BATCH_CALLS
from voltberg.experiments.fuzz.book_calls import BOOK_CALLS
from voltberg.experiments.fuzz.credit_calls import CREDIT_CALLS
from voltberg.experiments.fuzz.draft import Maker
from voltberg.experiments.fuzz.house_calls import HOUSE_CALLS
from voltberg.experiments.fuzz.root_calls import ROOT_CALLS
from voltberg.experiments.fuzz.round_calls import ROUND_CALLS
from voltberg.experiments.fuzz.storage_calls import STORAGE_CALLS
from voltberg.experiments.fuzz.supervisor_calls import SUPERVISOR_CALLS

CALLS: Final[tuple[tuple[Maker, int], ...]] = (
    *BOOK_CALLS,
    *AUCTION_CALLS,
    *AUCTION_BATCH_CALLS,
    *BATCH_CALLS,
    *ROUND_CALLS,
    *HOUSE_CALLS,
    *ROOT_CALLS,
    *STORAGE_CALLS,
    *CREDIT_CALLS,
    *SUPERVISOR_CALLS,
)
