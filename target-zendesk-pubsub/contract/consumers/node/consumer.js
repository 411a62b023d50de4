// A consumer that knows nothing but the AsyncAPI document: it validates each message by the schemas in there.
//
//   npm install
//   PUBSUB_EMULATOR_HOST=127.0.0.1:8085 node consumer.js ../../asyncapi.json projects/cityblock-data/subscriptions/devCommonsZendeskTicket
//
// Prints a line for each message, without its content. Runs until Ctrl-C.

import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import { PubSub } from "@google-cloud/pubsub";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";

const ERROR = 0; // the severity of a diagnostic that makes the document invalid

/** Each message of the document, with a validator of its attributes and one of its data. */
async function readContract(path) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
  const errors = diagnostics.filter((one) => one.severity === ERROR);
  if (errors.length > 0) {
    throw new Error(errors.map((one) => `${path}: ${one.path.join(".")}: ${one.message}`).join("\n"));
  }
  const ajv = addFormats(new Ajv({ strict: false })); // strict mode refuses keywords that begin with x-
  return document.components().messages().all().map((message) => ({
    name: message.id(),
    attributes: ajv.compile(message.headers().json()),
    data: ajv.compile(message.payload().json()),
  }));
}

/** Which of the contract's messages this is, and what is wrong with its data. Neither says anything of the content. */
function examine(contract, message) {
  const known = contract.find((one) => one.attributes(message.attributes));
  if (known === undefined) return { name: undefined, errors: [] };
  let data;
  try {
    data = JSON.parse(message.data.toString("utf8"));
  } catch {
    return { name: known.name, errors: ["not JSON"] };
  }
  const errors = known.data(data) ? [] : known.data.errors.map((one) => `${one.instancePath} ${one.message}`);
  return { name: known.name, errors };
}

const [path, subscription] = process.argv.slice(2);
const contract = await readContract(path);
const receiving = new PubSub({ projectId: subscription.split("/")[1] }).subscription(subscription);
receiving.on("message", (message) => {
  const { name, errors } = examine(contract, message);
  const { ticket_id: ticket, event_type: event } = message.attributes;
  const verdict = errors.length > 0 ? `invalid: ${errors.join("; ")}` : "valid";
  console.log(`ticket ${ticket}  ${event}  ${name === undefined ? "not in the contract, ignored" : `${name}  ${verdict}`}`);
  if (errors.length > 0) message.nack(); // delivered again, in the end as a dead letter
  else message.ack(); // a consumer keeps what it needs before this, and ignores messages that it does not know
});
receiving.on("error", (failure) => {
  console.error(failure.message);
  process.exit(1);
});
process.on("SIGINT", () => receiving.close().then(() => process.exit(0)));
process.on("SIGTERM", () => receiving.close().then(() => process.exit(0)));
