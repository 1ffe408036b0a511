const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

/** Runs the parameters through infra/check-parameters.ts, before anything is made, and asks S3 where the bucket is. */
module.exports = class CheckParameters {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = {
      'before:deploy:deploy': () => this.checkRegion(),
    };
  }

  /** Runs before the framework checks serverless.yml, which names places of that file instead of parameters. */
  async asyncInit() {
    const [command] = this.serverless.processedInput.commands;
    if (command !== 'package' && command !== 'deploy') return;
    const { problemsOf } = await import('./check-parameters.ts');
    const { service, processedInput, configurationInput } = this.serverless;
    this.refuse(
      problemsOf({
        declared: configurationInput.params ?? {},
        given: processedInput.options.param ?? [],
        stage: service.provider.stage,
        region: service.provider.region,
        environment: parse(readFileSync(join(this.serverless.serviceDir, 'serverless.yml'), 'utf8')).provider
          .environment,
        deploying: processedInput.commands.includes('deploy'),
      }),
    );
  }

  async checkRegion() {
    const { parametersOf, regionProblem } = await import('./check-parameters.ts');
    const { service, processedInput, configurationInput } = this.serverless;
    const { sourceBucket } = parametersOf({
      declared: configurationInput.params ?? {},
      given: processedInput.options.param ?? [],
      stage: service.provider.stage,
    });
    if (!sourceBucket) return;
    const answer = await this.serverless
      .getProvider('aws')
      .request('S3', 'getBucketLocation', { Bucket: sourceBucket })
      .catch(() => undefined); // who deploys need not be allowed to ask; `npm run doctor` asks again
    if (!answer) return;
    const problem = regionProblem(sourceBucket, answer.LocationConstraint, service.provider.region);
    this.refuse(problem === undefined ? [] : [problem]);
  }

  refuse(problems) {
    if (problems.length === 0) return;
    const lines = problems.map(({ parameter, reason }) => `  ${parameter}: ${reason}`);
    throw new this.serverless.classes.Error(
      `These parameters cannot work; set them under "params" in serverless.yml, or with --param name=value:\n${lines.join('\n')}`,
    );
  }
};
