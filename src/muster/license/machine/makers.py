"""Names that makers of virtual machines write into firmware."""

from __future__ import annotations

import re

_VIRTUAL = re.compile(
    r"qemu|kvm|vmware|virtualbox|innotek|xen|bochs|parallels|hyper-v|virtual machine|openstack|amazon ec2|"
    r"google compute|alibaba|bhyve|firecracker|cloud hypervisor",
    re.IGNORECASE,
)


def is_virtual_maker(names: str) -> bool:
    """Whether maker and model, as firmware tells them, are those of a virtual machine."""
    return bool(_VIRTUAL.search(names))
