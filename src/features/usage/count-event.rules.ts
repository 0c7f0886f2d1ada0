import type { MeterPolicy } from '../plans/quota-policy.rules';

/** How many units an act counts: one, or one for each task where the plan counts tasks (TW-06). */
export const unitsOf = ({ countEvent }: MeterPolicy, tasks: number): number => (countEvent === 'per_task' ? Math.max(1, tasks) : 1);
