"""Load, PV, EV sessions and tariffs: models and readers, validated at the edge (``docs/profiles.md``)."""

from voltberg.profiles.calendar import FrameCalendar
from voltberg.profiles.day import DayConfig, load_day
from voltberg.profiles.day_profile import DayProfile, Provenance
from voltberg.profiles.errors import CalendarError, ProfileError
from voltberg.profiles.ev_session import EvSession
from voltberg.profiles.feeder import Feeder, read_feeder
from voltberg.profiles.pv_model import PvArray, PvSite
from voltberg.profiles.sample import sample_config, sample_day
from voltberg.profiles.series import HouseholdSeries, read_load, read_pv
from voltberg.profiles.sessions import read_sessions
from voltberg.profiles.tariff import Tariff, read_tariff

__all__ = [
    "CalendarError",
    "DayConfig",
    "DayProfile",
    "EvSession",
    "Feeder",
    "FrameCalendar",
    "HouseholdSeries",
    "ProfileError",
    "Provenance",
    "PvArray",
    "PvSite",
    "Tariff",
    "load_day",
    "read_feeder",
    "read_load",
    "read_pv",
    "read_sessions",
    "read_tariff",
    "sample_config",
    "sample_day",
]
