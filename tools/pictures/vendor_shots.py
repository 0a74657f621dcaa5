"""Pictures of the vendor's pages."""

from __future__ import annotations

from tools.pictures.shot import NIGHT, PHONE, Shot, stranger

PORTAL = (
    stranger("portal", "portal.html", "/", "Anybody types, pastes or photographs an installation id."),
    stranger("portal-phone", "portal.html", "/", "The same on a telephone.", look=PHONE),
    stranger("portal-correct", "portal.html", "/", "Group 5 was typed wrong: only it is typed again.", steps="mistype"),
    stranger(
        "portal-confirmation",
        "confirmation.html",
        "/",
        "A confirmation in its four forms.",
        steps="confirm",
        height=1600,
    ),
    stranger(
        "portal-confirmation-phone", "confirmation.html", "/", "The same on a telephone.", steps="confirm", look=PHONE
    ),
    stranger("portal-bundle", "bundle.html", "/bundle", "Many at once: a request bundle of the console."),
    stranger(
        "portal-bundle-done", "bundle.html", "/bundle", "Each row of a bundle has its verdict.", steps="send_bundle"
    ),
    stranger("vendor-login", "login.html", "/login", "The log-in of those who work here."),
    stranger("vendor-api", "docs.html", "/docs", "The API as a page, made from its own description.", height=760),
)

OPERATOR = (
    Shot("operator", "operator.html", "/operator", "The operator types what is read on the telephone.", "otto"),
    Shot(
        "operator-decide",
        "operator_decide.html",
        "/operator",
        "What stands behind an installation id.",
        "otto",
        steps="look_up",
        height=800,
    ),
    Shot("operator-phone", "operator_decide.html", "/operator", "The same on a telephone.", "otto", PHONE, "look_up"),
    Shot("operator-done", "operator_done.html", "/operator", "The confirmation, to read out.", "otto", steps="decide"),
)

VENDOR = (
    Shot(
        "vendor-overview",
        "overview.html",
        "/overview?days=90",
        "What was activated, and which keys are nearly used up.",
        height=1300,
    ),
    Shot("vendor-overview-dark", "overview.html", "/overview?days=90", "The same in the dark look.", look=NIGHT),
    Shot("vendor-keys", "keys.html", "/keys", "Keys with what is left of them."),
    Shot(
        "vendor-key",
        "key.html",
        "/keys/2",
        "One key: its terms, its activations, and what was done with it.",
        height=820,
    ),
    Shot("vendor-key-issue", "key_issue.html", "/keys/issue", "Issuing one key, or up to 500."),
    Shot("vendor-key-made", "key_made.html", "/keys/issue", "A new key is shown this once.", steps="issue_key"),
    Shot(
        "vendor-organisations",
        "organisations.html",
        "/organisations",
        "Customers, with seats sold and machines reported.",
    ),
    Shot(
        "vendor-organisation",
        "organisation.html",
        "/organisations/2",
        "One customer: contract, seats, and what hosts reported.",
    ),
    Shot(
        "vendor-activations",
        "machines.html",
        "/activations",
        "Machines that were activated, the newest first.",
        height=820,
    ),
    Shot(
        "vendor-hosts",
        "hosts.html",
        "/activations/hosts",
        "Certificates of hosts and directories; one is withdrawn here.",
    ),
    Shot("vendor-products", "products.html", "/products", "Editions, the product file, and another definition."),
    Shot("vendor-keysets", "keysets.html", "/keysets", "Which keys sign what, and the next keyset.", height=1640),
    Shot(
        "vendor-webhooks", "webhooks.html", "/webhooks", "Which systems are told what, and what arrived.", height=1700
    ),
    Shot("vendor-audit", "audit.html", "/audit", "Who did what, the newest first.", "audrey", height=820),
    Shot(
        "vendor-people",
        "people.html",
        "/audit/people",
        "A person is found in the audit, to be erased.",
        steps="find_person",
    ),
    Shot(
        "vendor-accounts", "accounts.html", "/accounts", "People with their roles, and tokens of programs.", height=1500
    ),
    Shot("vendor-password", "password.html", "/password", "Everybody changes the own password."),
    Shot("vendor-failure", "failure.html", "/keys/4711", "A mistake is told with its code, its cause and a hint."),
)
