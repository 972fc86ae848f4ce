using Microsoft.Extensions.Configuration.Memory;

namespace RateLimiter.Api.Demo;

/// <summary>The service with a sample client and simulated traffic, to look around in.</summary>
internal static class DemoHosting
{
    private const string DataDirectory = "./demo-data";

    /// <summary>Whether the arguments ask for it.</summary>
    public static bool IsAskedFor(string[] args) => args is [DemoTraffic.Command, ..];

    /// <summary>Adds the traffic. Unless another store is configured, it has an embedded one of its own.</summary>
    public static void AddDemo(this WebApplicationBuilder builder)
    {
        // Before all others, so that any of them wins.
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
