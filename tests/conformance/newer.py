"""The installed original, in two points as newer versions have it. To be imported before anything else of it.

`FAIL2BAN_SOURCE` may name the source tree of another version, which is then used instead.
"""
import logging
import os
import sys

sys.path.insert(0, os.environ.get("FAIL2BAN_SOURCE") or "/usr/lib/python3/dist-packages")
from fail2ban.server.ipdns import IPAddr  # noqa: E402

# Since 1.1.0 `::` is an address. What expressions look for is put together while the modules are loaded.
IPAddr.IP_6_RE = IPAddr.IP_6_RE.replace("::?|::)", "::?|:)")

from fail2ban.server.datedetector import DateDetectorCache  # noqa: E402

# Since 1.1.0 one of the default templates takes colons between the digits.
DEFAULTS = DateDetectorCache.DEFAULT_TEMPLATES
DEFAULTS[:] = [one.replace("(?:T|  ?)%ExH%ExM%ExS", "(?:-|T|  ?)%ExH:?%ExM:?%ExS") for one in DEFAULTS]

logging.disable(logging.CRITICAL)
