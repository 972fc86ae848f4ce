using RateLimiter.Api;
using RateLimiter.Api.Demo;
using RateLimiter.Api.Hosting;
using RateLimiter.Application;
using RateLimiter.Infrastructure;

return await Startup.RunAsync(
    args,
    () =>
    {
        DotEnvFile.Load();
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory }
        );
        builder.Services.AddApplication();
        builder.Services.AddInfrastructure(builder.Configuration);
        builder.AddApi();
        if (DemoHosting.IsAskedFor(args))
        {
            builder.AddDemo();
        }

        var app = builder.Build();
        app.UseApi();
        return app;
    }
);
