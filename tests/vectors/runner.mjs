// Runs test vectors of kmspec on an endpoint, by docs/vectors.md alone: node runner.mjs FILE URL
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual as same } from "node:util";
const PAGING = ["Limit", "Marker", "MaxResults", "NextToken"], UNABLE = ["enclave", "load"]; // what this runner cannot do
const SERVICES = { kms: ["TrentService", "kms"], cloudhsm: ["BaldrApiService", "cloudhsm"] };
const file = JSON.parse(readFileSync(process.argv[2])), F = file.fixtures;
const kindOf = (ref) => ref.split("#")[0], plainOf = (ref) => ref.split(".")[0], bytes = (base64) => Buffer.from(base64, "base64");
function damaged(base64, form, blob = bytes(base64)) {
  if (form === "corrupt") blob[blob.length - 1] ^= 1;
  return (form === "short" ? blob.subarray(0, blob.length >> 1) : blob).toString("base64");
}
function der(tag, ...parts) { // a structure of DER
  const content = Buffer.concat(parts), { length } = content;
  return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255]), content]);
}
function inside(buffer, first = true) { // the structures in one, each with its header
  const long = buffer[1] > 128 ? buffer[1] & 127 : 0, end = 2 + long + (long ? buffer.readUIntBE(2, long) : buffer[1]);
  if (first) return inside(buffer.subarray(2 + long, end), false);
  return buffer.length ? [buffer.subarray(0, end), ...inside(buffer.subarray(end), false)] : [];
}
function certificate(request, authority) {
  const [, subject, key] = inside(inside(bytes(request.replace(/-----[^-]+-----/g, "")))[0]);
  const body = der(0x30, bytes(authority.beforeSubject.$bytes), subject, key);
  const signature = der(3, Buffer.from([0]), crypto.sign("sha256", body, authority.privateKey));
  const lines = der(0x30, body, bytes(F.signatureAlgorithm.$bytes), signature).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
function wrapped({ content, algorithm, corrupt }, under) {
  if (bytes(under)[0] !== 0x30) return under; // no public key
  const key = { key: bytes(under), format: "der", type: "spki", padding: crypto.constants.RSA_PKCS1_OAEP_PADDING };
  const oaep = (data) => crypto.publicEncrypt({ ...key, oaepHash: algorithm.endsWith("SHA_1") ? "sha1" : "sha256" }, data);
  const aes = crypto.randomBytes(32), wrap = crypto.createCipheriv("id-aes256-wrap-pad", aes, Buffer.from("a65959a6", "hex"));
  const parts = (data) => (algorithm.startsWith("RSAES") ? [oaep(data)] : [oaep(aes), wrap.update(data), wrap.final()]);
  return damaged(Buffer.concat(parts(bytes(content.$bytes))).toString("base64"), corrupt ? "corrupt" : "");
}
class Place { // an account, a Region by its number, and what references are bound to
  constructor(account, region, bound) { Object.assign(this, { account, region, bound, later: [] }); }
  held(ref) { return kindOf(ref) === "zone" && this.region ? undefined : this.bound[plainOf(ref)]; }
  knows(ref) { return this.held(ref) !== undefined || ref in F.values || plainOf(ref) in F.values; }
  fill(value, region = this.region) {
    const places = { account: this.account, tag: this.account, region: F.values[`region#${region}`] ?? "us-east-1" };
    return typeof value === "string" ? value.replace(/\$\{(\w+)\}/g, (_, name) => places[name]) : (value.$map ?? value.$bytes);
  }
  value(ref) {
    const [plain, form] = ref.split("."), held = this.held(ref);
    if (held === undefined && ref in F.values) return this.fill(F.values[ref]);
    const value = held ?? this.fill(F.values[plain] ?? F.unbound[plain]);
    if (!form?.startsWith("arn")) return form ? damaged(value, form) : value;
    return this.fill(F.forms[`${kindOf(ref)}.arn`].replace("${value}", value), form.slice(3) || this.region);
  }
  async argument(value, all = value) {
    if (Array.isArray(value)) return Promise.all(value.map((one) => this.argument(one, all)));
    if (typeof value !== "object" || value.$bytes || value.$ref) return value.$ref ? this.looked(value.$ref, all) : (value.$bytes ?? value);
    const made = Object.entries(value.$map ?? value).map(async ([name, one]) => [name, await this.argument(one, all)]);
    return Object.fromEntries(await Promise.all(made));
  }
  async looked(ref, all) {
    if (ref in F.moments) return (await this.call("clock", "Now", {})).body.Now + F.moments[ref];
    if (ref in F.materials) return wrapped(F.materials[ref], this.value(F.materials[ref].under));
    const { cluster, authority } = F.certificates[ref] ?? {}, label = F.handles[ref];
    const ClusterId = cluster ? this.value(cluster) : label && (await this.argument(all.ClusterId));
    const keys = label && (await this.call("operator", "ListHsmKeys", { ClusterId })).body.Keys;
    if (label) return keys?.find((one) => one.Label === this.value(label))?.Handle ?? F.otherHandle;
    if (!cluster) return this.value(ref);
    const { body } = await this.call("cloudhsm", "DescribeClusters", { Filters: { clusterIds: [ClusterId] } });
    return certificate(body.Clusters?.[0]?.Certificates?.ClusterCsr ?? F.otherRequest, F.authorities[authority]);
  }
  async call(service, operation, parameters) {
    const [prefix, name] = SERVICES[service] ?? [], path = prefix ? "/" : `/_kmspec/${service}/${operation}`;
    const scope = `${this.account}/20260101/${this.fill("${region}")}/${name}/aws4_request`;
    const Authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`;
    const type = prefix ? "application/x-amz-json-1.1" : "application/json", body = JSON.stringify(parameters);
    const headers = { "Content-Type": type, "X-Amz-Target": `${prefix}.${operation}`, Authorization };
    const answer = await fetch(new URL(path, process.argv[3]), { method: "POST", headers, body });
    return { status: answer.status, refused: !answer.ok, body: JSON.parse((await answer.text()) || "{}") };
  }
  async ask(service, operation, parameters, next = {}) { // of a list all pages
    const answer = await this.call(service, operation, { ...parameters, ...next });
    const { NextMarker: Marker, NextToken } = answer.body, paging = PAGING.some((name) => name in parameters);
    if (paging || !(Marker || NextToken)) return answer;
    const rest = await this.ask(service, operation, parameters, Marker ? { Marker } : { NextToken });
    for (const [name, one] of Object.entries(rest.body)) if (Array.isArray(one)) answer.body[name].push(...one);
    return answer;
  }
  attempt(pattern, value) { // what fits binds, what does not fit leaves all as it was
    const trial = new Place(this.account, this.region, { ...this.bound });
    return trial.fits(pattern, value) && trial.later.every((one) => trial.bind(...one)) && Object.assign(this.bound, trial.bound);
  }
  bind(ref, value, begins = "") { // or compare, where it is bound already or is no such thing
    const is = this.knows(ref) ? this.value(ref) : undefined, kind = kindOf(ref);
    if (is !== undefined) return kind === "policy" ? same(JSON.parse(is), JSON.parse(value)) : same(is, value);
    const taken = kind !== "wrapping" && Object.entries(this.bound).some(([other, one]) => kindOf(other) === kind && one === value);
    if (taken || !["string", "number"].includes(typeof value) || value === "" || !`${value}`.startsWith(begins)) return false;
    return Object.assign(this.bound, { [ref]: value });
  }
  fits(p, given) {
    const value = given ?? undefined, list = Array.isArray(value);
    if (p.$mark) return (p.$mark === "present") === (value !== undefined);
    if (p.$oneOf) return p.$oneOf.some((one) => this.attempt(one, value));
    if (value === undefined) return p.$items?.entries.length === 0;
    if (p.$ref) return this.knows(p.$ref) ? this.bind(p.$ref, value) : this.later.push([p.$ref, value]);
    if (p.$bind || p.$new) return this.bind(p.$bind ?? p.$new.ref, value, p.$new?.begins);
    if (p.$members) return Object.entries(p.$members).every(([name, one]) => this.fits(one, value[name]));
    if (p.$items) return list && this.items(p.$items, [...value]);
    if (p.$values) return list && same([...value].sort(), [...p.$values].sort());
    if (p.$text) return typeof value === "string" && new RegExp(`^(?:${p.$text})$`).test(value);
    return p.$bytesLong !== undefined ? bytes(value).length === p.$bytesLong : (p.$bytes ?? p) === value;
  }
  items({ by, entries, free, also = [] }, left) {
    const name = (one) => one.$members[by].$bind ?? one.$members[by].$ref, known = (one) => !name(one) || this.knows(name(one));
    const take = (test) => left.splice([...left.keys()].find((at) => test(left[at])) ?? left.length, 1)[0];
    const named = (one) => this.fits(one, take((item) => item[by] === (name(one) ? this.value(name(one)) : one.$members[by])));
    const fresh = (one) => take((item) => this.attempt({ $members: { ...one.$members, [by]: { $bind: name(one) } } }, item));
    const all = entries.filter(known).every(named) && entries.filter((one) => !known(one)).every(fresh);
    return all && (free || left.every((item) => also.some((one) => this.attempt(one, item))));
  }
  accepts(accepted, answer) {
    if ("success" in accepted) return !answer.refused && this.attempt(accepted.success, answer.body);
    const { __type: code = "", Message = "", message = Message } = answer.body, { refusal, status } = accepted;
    const text = accepted.message?.replace(/\{([^{}]+)\}/g, (_, ref) => this.value(ref)) ?? message;
    return code.split("#").pop() === refusal && answer.status === status && message === text;
  }
}
async function run(vector, account, bound = {}, before = []) {
  for (const [index, [request, expectation]] of vector.steps.entries()) {
    const step = file.requests[request], expected = file.expectations[expectation];
    const here = new Place(account, step.region, bound), parameters = await here.argument(step.arguments);
    const answer = await here.ask(step.service, step.operation, parameters);
    const places = expected.map((one) => [one, new Place(account, step.region, { ...bound })]);
    const fits = places.filter(([one, place]) => place.accepts(one, answer)), going = fits.find(([one]) => !one.ends);
    const rules = [...expected.flatMap((one) => one.rules), ...(step.view ? before : [])];
    if (!fits.length) return { id: vector.id, step: index + 1, operation: step.operation, rules, expected, answer };
    if (!going) return "cut";
    Object.assign(bound, going[1].bound);
    for (const [zone, subnet] of Object.entries((!step.region && answer.body.Cluster?.SubnetMapping) || {}))
      for (const ref in F.values) if (F.values[ref] === subnet) bound[ref.replace("subnet", "zone")] = zone;
    if (!step.view) before = rules;
  }
  return "passed";
}
const counts = { passed: 0, cut: 0, failed: 0, skipped: 0 };
for (const [index, vector] of file.vectors.entries()) {
  const ended = vector.needs.some((word) => UNABLE.includes(word)) ? "skipped" : await run(vector, `${3e11 + index}`);
  counts[ended.id ? "failed" : ended] += 1;
  if (ended.id) console.log(JSON.stringify(ended));
}
console.log(JSON.stringify(counts));
process.exit(counts.failed ? 1 : counts.passed + counts.cut ? 0 : 2);
