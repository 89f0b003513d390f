/**
 * What a job and a return look like in the store: which fields, and that no secret is among them.
 * @module
 */
import { isMap } from "../types/mod.ts";
import type { Data, DataMap, PublishLoad, ReturnLoad } from "../types/mod.ts";
import type { JobEnd, StoredReturn } from "./job_cache.ts";

/** Fields of a load, and of its `kwargs`, by which somebody proves who they are. */
const SECRETS: ReadonlySet<string> = new Set([
  "key",
  "tok",
  "token",
  "eauth",
  "username",
  "password",
  "sharedsecret",
  "nonce",
  "sig",
]);

/** A load without credentials. (`salt/master.py:ClearFuncs._prep_auth_info`: `sensitive_load_keys`) */
export function withoutSecrets(load: PublishLoad): DataMap {
  const clean = strip(load as unknown as DataMap);
  if (isMap(clean["kwargs"])) clean["kwargs"] = strip(clean["kwargs"]);
  return clean;
}

function strip(map: DataMap): DataMap {
  return Object.fromEntries(
    Object.entries(map).filter(([name, value]) => !SECRETS.has(name) && value !== undefined),
  );
}

/** The load of a job that only its return tells of: `salt-call`, a schedule. (`salt/utils/job.py:_store_job`) */
export function loadOfReturn(ret: ReturnLoad): DataMap {
  const fields = ret as unknown as DataMap;
  return {
    fun: fields["fun"] ?? "unknown-function",
    arg: fields["fun_args"] ?? fields["arg"] ?? [],
    tgt: ret.id,
    tgt_type: "glob",
    jid: ret.jid,
    ret: "",
    user: fields["user"] ?? "root",
    ...(isMap(fields["metadata"]) ? { metadata: fields["metadata"] } : {}),
  };
}

/** The part of a return that is kept. */
export function storedReturn(ret: ReturnLoad): StoredReturn {
  const { return: value, retcode, success, out } = ret as unknown as DataMap;
  return {
    return: value ?? null,
    ...(retcode === undefined ? {} : { retcode }),
    ...(success === undefined ? {} : { success }),
    ...(out === undefined ? {} : { out }),
  };
}

/** How a return ends its part of the job: several functions have a code each, and one is enough to fail. */
export function endOfReturn(ret: ReturnLoad): JobEnd {
  if (ret["interrupted"] === true) return "interrupted";
  return hasFailure(ret.retcode) || ret.success === false ? "failed" : "returned";
}

function hasFailure(retcode: Data | undefined): boolean {
  if (retcode === undefined || retcode === null) return false;
  if (Array.isArray(retcode)) return retcode.some(hasFailure);
  if (isMap(retcode)) return Object.values(retcode).some(hasFailure);
  return Number(retcode) !== 0;
}

/** The functions of a load as one text, to search in. */
export function functionsText(load: DataMap): string {
  return textOf(load["fun"]);
}

/** The target of a load as one text, to search in. */
export function targetText(load: DataMap): string {
  return textOf(load["tgt"]);
}

/** List items are parted by a character that neither ids nor functions have. */
function textOf(value: Data | undefined): string {
  return Array.isArray(value) ? value.map(String).join("\n") : String(value ?? "");
}

/** The metadata of a job: of the load, of its `kwargs`, or a keyword argument. (`salt/utils/jid.py:format_job_instance`) */
export function metadataOf(load: DataMap): Data | undefined {
  if (load["metadata"] !== undefined) return load["metadata"];
  if (isMap(load["kwargs"]) && load["kwargs"]["metadata"] !== undefined) {
    return load["kwargs"]["metadata"];
  }
  const args = Array.isArray(load["arg"]) ? load["arg"] : [];
  const keywords = args.find((arg) =>
    isMap(arg) && arg["__kwarg__"] === true && arg["metadata"] !== undefined
  );
  return isMap(keywords) ? keywords["metadata"] : undefined;
}
