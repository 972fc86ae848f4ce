using RateLimiter.Api;
using RateLimiter.Api.Hosting;

return await Startup.RunAsync(
    args,
    () =>
    {
        DotEnvFile.Load();
        return ServiceHost.Build(args);
    }
);
