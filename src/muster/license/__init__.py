"""What a vendor's program imports.

    from muster.license import License
    License.open("acme-cad-pro", vendor="<vendor fingerprint>").state

Needs `cryptography` only. It reads the state that the licensing service keeps and verifies all of it.
"""

from muster.license.check import License, NotLicensed
from muster.trust.standing import Standing
from muster.wire.activation import State

__all__ = ["License", "NotLicensed", "Standing", "State"]
