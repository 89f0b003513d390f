/**
 * Serializers. YAML is not exported here but from `yaml.ts`, so that those who only want msgpack do not
 * load it.
 * @module
 */
export * from "./msgpack.ts";
