import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** What the process counts of itself, in Prometheus form. */
export interface Metrics {
  registry: Registry;
  /** Seconds by route pattern, method and status; never by tenant or id. */
  requests: Histogram<'route' | 'method' | 'status'>;
  /** Creations by meter and verdict. */
  admissions: Counter<'meter' | 'verdict'>;
  /** Runs of jobs by name and outcome. */
  jobs: Counter<'job' | 'outcome'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Histogram({
      name: 'kontingent_http_request_seconds',
      help: 'Duration of HTTP requests',
      labelNames: ['route', 'method', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.3, 1, 2, 5, 10],
      registers: [registry],
    }),
    admissions: new Counter({
      name: 'kontingent_admissions_total',
      help: 'Acts that count, by what admission said',
      labelNames: ['meter', 'verdict'],
      registers: [registry],
    }),
    jobs: new Counter({
      name: 'kontingent_job_runs_total',
      help: 'Runs of scheduled work',
      labelNames: ['job', 'outcome'],
      registers: [registry],
    }),
  };
}
