using Microsoft.Extensions.Configuration.Memory;

namespace RateLimiter.Api.Demo;

/// <summary>The service with a sample client and simulated traffic, to explore.</summary>
internal static class DemoHosting
{
    private const string DataDirectory = "./demo-data";

    /// <summary>Whether the arguments select the demo.</summary>
    public static bool IsAskedFor(string[] args) => args is [DemoTraffic.Command, ..];

    /// <summary>Adds the traffic. Unless another store is configured, the demo has its own embedded store.</summary>
    public static void AddDemo(this WebApplicationBuilder builder)
    {
        // Inserted before all other sources, so that any of them overrides it.
        builder.Configuration.Sources.Insert(
            0,
            new MemoryConfigurationSource
            {
                InitialData = [new("Embedded:DataDirectory", DataDirectory)],
            }
        );
        builder.Services.AddHostedService<DemoTraffic>();
    }
}
