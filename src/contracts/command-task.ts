// What a task of the type `command` carries: a command line, and the project on whose newest commit it is run.
import { z } from 'zod';
import { commandCheck } from './gate.ts';

export const COMMAND_TASK = 'command';

export const commandPayload = commandCheck
  .pick({ run: true, directory: true, exit: true, time_limit_seconds: true })
  .extend({
    project: z.string().min(1).describe('Id of the project, or the path of its repository'),
  });
