"""Pictures of the console's pages."""

from __future__ import annotations

from tools.pictures.shot import NIGHT, PHONE, Shot

CONSOLE = (
    Shot(
        "console-overview",
        "overview.html",
        "/overview",
        "States, what expires, and the count of each host.",
        height=1300,
    ),
    Shot("console-overview-dark", "overview.html", "/overview", "The same in the dark look.", look=NIGHT),
    Shot("console-machines", "machines.html", "/machines", "The list of machines.", height=1000),
    Shot(
        "console-machines-phone",
        "machines.html",
        "/machines",
        "The same on a telephone: the filter is folded.",
        look=PHONE,
    ),
    Shot("console-machines-count", "machines.html", "/machines?group_by=state", "The list, counted by state."),
    Shot(
        "console-machine",
        "machine.html",
        "/machines/3",
        "One machine: where it is, what is on it, what was done with it.",
    ),
    Shot(
        "console-find", "find.html", "/find", "Machines are found by names, in a directory, or from collected states."
    ),
    Shot(
        "console-act",
        "act.html",
        "/act?operation=install-key&which=all&where=group%3Dlab",
        "What will be done is shown first.",
        "anna",
    ),
    Shot(
        "console-act-twice",
        "act.html",
        "/act?operation=rearm&which=all&where=group%3Ddesign",
        "What drops activations is asked twice.",
    ),
    Shot(
        "console-request-bundle",
        "act.html",
        "/act?operation=request-bundle&which=all&where=group%3Dlab",
        "Installation ids leave as one file for the vendor.",
    ),
    Shot(
        "console-confirmed",
        "confirmed.html",
        "/act?operation=confirm-online&which=all&where=group%3Dlab",
        "Or the vendor's service confirms them.",
        steps="go_on",
    ),
    Shot(
        "console-deposit",
        "act.html",
        "/act?operation=confirm&which=all&where=group%3Dlab",
        "Each machine gets its own confirmation.",
    ),
    Shot(
        "console-fleet",
        "act.html",
        "/act?operation=fleet&which=all&where=group%3Ddesign",
        "Fleet files, for machines that no SSH reaches.",
    ),
    Shot("console-tasks", "tasks.html", "/tasks", "What was done with many machines at once."),
    Shot("console-task", "task.html", "/tasks/1", "One task, with a verdict for each machine.", height=820),
    Shot("console-keys", "keys.html", "/keys", "Product keys under a passphrase, and product files.", height=1700),
    Shot(
        "console-directory",
        "directory.html",
        "/directory",
        "Activation objects of a domain, each with its verdict.",
        steps="look_directory",
        height=1300,
    ),
    Shot("console-reports", "reports.html", "/reports", "Which reports there are."),
    Shot("console-report-overview", "report.html", "/reports/overview", "Every edition with its states and methods."),
    Shot("console-report-expiring", "report.html", "/reports/expiring?days=60", "What ends within some days."),
    Shot("console-report-keys", "report.html", "/reports/keys", "Keys here against the machines that show them."),
    Shot("console-report-not-seen", "report.html", "/reports/not-seen", "Machines that nobody spoke with for long."),
    Shot(
        "console-report-duplicates", "report.html", "/reports/duplicates", "Copies of one image that share a client id."
    ),
    Shot("console-report-hosts", "report.html", "/reports/hosts", "Hosts by what their machines were told."),
    Shot(
        "console-report-signed",
        "report.html",
        "/reports/signed",
        "Signed reports of hosts, proven and merged.",
        steps="merge_reports",
    ),
    Shot("console-audit", "audit.html", "/audit", "Who did what, the newest first.", height=820),
    Shot(
        "console-accounts",
        "accounts.html",
        "/accounts",
        "People with their roles, and tokens of programs.",
        height=1500,
    ),
)
