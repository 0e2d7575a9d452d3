#!/usr/bin/env node
import("../dist/start.js").then(({ start }) => start("configure-galera"));
