// The JavaScript SDK against an endpoint that verifies signatures: node sdk.mjs URL, in the folder of its packages
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";

const client = (secretAccessKey, more = {}) => new KMSClient({
  endpoint: process.argv[2], region: "eu-west-1", maxAttempts: 1,
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey }, ...more,
});
const refused = async (kms) => {
  try { await kms.send(new ListKeysCommand({})); } catch (error) { return [error.name, error.$metadata.httpStatusCode]; }
  return ["", 200];
};
const kms = client("example-secret");
const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: "é ü — a" }));
const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext: Buffer.from("secret") }));
const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }));
console.log(JSON.stringify({
  arn: KeyMetadata.Arn, plaintext: Buffer.from(Plaintext).toString(),
  wrong: await refused(client("another")),
  late: await refused(client("example-secret", { systemClockOffset: -600000 })),
}));
