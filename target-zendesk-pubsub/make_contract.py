"""Writes contract/ticket-message.schema.json from the message's type.

python target-zendesk-pubsub/make_contract.py           # after messages.py changed
python target-zendesk-pubsub/make_contract.py --check   # exit 1 if that would change anything
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from target_zendesk_pubsub.messages import json_schema

SCHEMA = Path(__file__).parent / "contract" / "ticket-message.schema.json"


def main(*, check: bool) -> int:
    content = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if SCHEMA.exists() and SCHEMA.read_text() == content:
        return 0
    print(f"{'stale' if check else 'wrote'} {SCHEMA.name}")
    if not check:
        SCHEMA.write_text(content)
    return int(check)


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
