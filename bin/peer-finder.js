#!/usr/bin/env node
import("../dist/start.js").then(({ start }) => start("peer-finder"));
