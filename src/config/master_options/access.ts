/**
 * Who may do what.
 * @module
 */
import { bool, int, list, map, mapOrList, oneOf, optional, str } from "../option.ts";

/** Options of the master. */
export const masterAccess = {
  client_acl_verify: bool(
    true,
    "yes",
    "Look among this host's users for those that patterns of `publisher_acl` name. Without, only users " +
      "that are named as they are get a key.",
  ),
  sudo_acl: bool(false, "yes", "Apply `publisher_acl` to users of sudo."),
  external_auth: map({}, "yes", "Who may do what after a login, by login system."),
  token_expire: int(43200, "yes", "Seconds a login token lasts."),
  token_expire_user_override: oneOf(
    ["bool", "map"],
    false,
    "yes",
    "Who may ask for another life time.",
  ),
  permissive_acl: bool(false, "yes", "Without matching rule, allow."),
  keep_acl_in_token: bool(false, "later", "Store the rules in the token."),
  eauth_acl_module: str("", "no", "Module that gives rules for a login."),
  eauth_tokens: str("localfs", "later", "Where tokens are kept."),
  "eauth_tokens.cache_driver": oneOf(["null", "str"], null, "no", "Cache driver of tokens."),
  "eauth_tokens.cluster_id": oneOf(["null", "str"], null, "no", "Cluster whose tokens are shared."),
  django_auth_path: str("", "no", "Path of a Django project."),
  django_auth_settings: str("", "no", "Settings of a Django project."),
  peer: map({}, "yes", "Which minions may run what on others."),
  peer_run: map({}, "yes", "Which minions may run which runners."),
  nodegroups: mapOrList({}, "yes", "Named groups of minions."),
  netapi_enable_clients: list([], "later", "Clients that salt-api offers."),
  netapi_disable_clients: optional(list([], "later", "Clients that salt-api does not offer.")),
  netapi_allow_raw_shell: bool(false, "no", "Allow raw shell commands of salt-ssh by salt-api."),
  rest_timeout: optional(int(0, "later", "Seconds salt-api waits for a job.")),
  rest_cherrypy: optional(
    map({}, "later", "Settings of Salt's web server, which saltx takes as its own."),
  ),
};
