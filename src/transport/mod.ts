/** Moves opaque payloads between peers; each transport is a folder. @module */
export type {
  PeerInfo,
  PublishClient,
  PublishServer,
  RequestClient,
  RequestHandler,
} from "./types.ts";
