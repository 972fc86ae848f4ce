using RateLimiter.Api.Demo;
using RateLimiter.Application;
using RateLimiter.Infrastructure;

namespace RateLimiter.Api;

/// <summary>Puts the service together from its layers.</summary>
internal static class ServiceHost
{
    /// <param name="args">
    /// The arguments of the program; <c>--Section:Option=value</c> overrides every other source of configuration.
    /// </param>
    /// <param name="configure">Changes what was registered, before the service is built.</param>
    public static WebApplication Build(
        string[] args,
        Action<WebApplicationBuilder>? configure = null
    )
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                Args = args,
                // Also in a process of another program, such as tests.
                ApplicationName = typeof(ServiceHost).Assembly.GetName().Name,
                ContentRootPath = AppContext.BaseDirectory,
            }
        );
        builder.Services.AddApplication();
        builder.Services.AddInfrastructure(builder.Configuration);
        builder.AddApi();
        if (DemoHosting.IsAskedFor(args))
        {
            builder.AddDemo();
        }

        configure?.Invoke(builder);
        var app = builder.Build();
        app.UseApi();
        return app;
    }
}
