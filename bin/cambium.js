#!/usr/bin/env node
// Starts Cambium under Node 24: the Node that runs this file, or else the one that npm installed beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIRED_MAJOR = 24;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (Number(process.versions.node.split('.')[0]) >= REQUIRED_MAJOR) {
  module.enableCompileCache?.();
  const compiled = join(root, 'dist', 'main.js');
  const { main } = await import(existsSync(compiled) ? compiled : join(root, 'src', 'main.ts'));
  process.exit(await main(process.argv.slice(2)));
} else {
  const bundled = bundledNode();
  if (bundled === null) {
    process.stderr.write(
      `cambium: needs Node ${REQUIRED_MAJOR} or newer; this is ${process.version} and none is bundled for ` +
        `${process.platform}-${process.arch}.\nInstall Node ${REQUIRED_MAJOR} and run the command again.\n`,
    );
    process.exit(2);
  }
  const child = spawn(bundled, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`cambium: ${bundled} cannot be started: ${error.message}\nRun npm ci again.\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? ''] ?? 0)));
}

function bundledNode() {
  try {
    const manifest = module.createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
    const binary = join(dirname(manifest), 'bin', 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}
