import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { addListJobsCommand } from './jobs-ls.ts';
import { addPauseCommand, addResumeCommand } from './jobs-pause.ts';

export function addJobsCommand(program: Command, context: CliContext): void {
  const jobs = program.command('jobs').description('List the jobs, and pause or resume their schedules.');
  addListJobsCommand(jobs, context);
  addPauseCommand(jobs, context);
  addResumeCommand(jobs, context);
}
