namespace RateLimiter.TestServices;

/// <summary>The service, on a free port of the loopback, over plain HTTP unless its settings say otherwise.</summary>
public abstract class Service : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The variable of the addresses at which a service listens.</summary>
    protected const string Urls = "ASPNETCORE_URLS";

    /// <summary>Any free port: one that is chosen here could be taken in the meantime.</summary>
    protected const string AnyPort = "http://127.0.0.1:0";

    /// <summary>The address where it listens.</summary>
    public abstract Uri Address { get; }

    /// <summary>Its output so far.</summary>
    public abstract string Output { get; }

    public IReadOnlyList<string> OutputLines =>
        Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Starts it in this process, which takes a twentieth of the time of a process of its own, and waits until it is
    /// available. Each has its own configuration and log; they share what is static, such as meters.
    /// </summary>
    /// <param name="directory">Its data directory is <c>data</c> below it.</param>
    /// <param name="settings">As environment variables; there are no others.</param>
    public static async Task<Service> StartAsync(
        string directory,
        params (string Name, string Value)[] settings
    )
    {
        var service = await HostedService.StartAsync(directory, settings);
        try
        {
            await service.WaitUntilLiveAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why it does not start with such settings: one line, as it is printed.</summary>
    public static Task<string> StartInVainAsync(
        string directory,
        params (string Name, string Value)[] settings
    ) => HostedService.StartInVainAsync(directory, settings);

    public abstract ValueTask DisposeAsync();

    protected async Task WaitUntilLiveAsync()
    {
        var health = await new ApiClient(this).GetAsync("/health/live");
        Assert.That(health.Status, Is.EqualTo(200), "The service is not live.");
        // The warm-up must not compete with what a test measures; without a store it waits for it.
        await Poll.UntilAsync(
            "The service does not warm up.",
            StartTimeout,
            async () =>
            {
                var checks = (await new ApiClient(this).GetAsync("/health/ready"))["checks"];
                return checks.GetProperty("warm-up").GetString() == "healthy"
                    || checks.GetProperty("store").GetString() == "unhealthy";
            }
        );
    }

    protected static bool IsAddress(string name) =>
        name == Urls || name.StartsWith("Kestrel__Endpoints__", StringComparison.Ordinal);

    /// <summary>Whether the environment variable would configure the service.</summary>
    protected static bool IsSetting(string name) =>
        name.StartsWith("REDIS_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase)
        || name.Contains("__", StringComparison.Ordinal);
}
