"""The vendor's activation service, as machines, hosts, directories and consoles ask it (spec/vendor.md)."""

from muster.platform.service_address import check_service
from muster.platform.vendor_api.answers import Activated, Certified, Remaining
from muster.platform.vendor_api.https import Fetched, VendorApi

__all__ = ["Activated", "Certified", "Fetched", "Remaining", "VendorApi", "check_service"]
