/** What a worker thread runs first: the entry point that its starter named. @module */
import { serveThread } from "./runtime/mod.ts";
import { threads } from "./threads.ts";

serveThread(threads);
