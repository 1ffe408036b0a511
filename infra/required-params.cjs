/** Stops a deployment that could not work, before anything is made. Packaging goes without these values. */
const REQUIRED = {
  cosAppId: 'the number of the Tencent app',
  cosBucket: 'the COS bucket, without the app id',
  cosRegion: 'the region of the COS bucket, such as gz or sh',
  cosSecretName: 'the name of the secret with the Tencent key pair',
};

module.exports = class RequiredParams {
  constructor(serverless) {
    this.hooks = {
      'before:package:initialize': () => {
        if (!serverless.processedInput.commands.includes('deploy')) return;
        const { environment } = serverless.service.provider;
        const given = {
          cosAppId: environment.COS_APP_ID,
          cosBucket: environment.COS_BUCKET,
          cosRegion: environment.COS_REGION,
          cosSecretName: environment.COS_SECRET_NAME,
        };
        const missing = Object.keys(REQUIRED).filter((name) => !given[name]);
        if (missing.length === 0) return;
        const lines = missing.map((name) => `  --param ${name}=…  (${REQUIRED[name]})`);
        throw new serverless.classes.Error(
          `These are needed to deploy; set them under "params" in serverless.yml, or add:\n${lines.join('\n')}`,
        );
      },
    };
  }
};
