using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace RateLimiter.EndToEndTests.AspNetCore;

/// <summary>An app with the packages in this process, which records all log lines at Information and above.</summary>
internal sealed class PackageApp : IAsyncDisposable
{
    private readonly WebApplication app;

    private PackageApp(WebApplication app) => this.app = app;

    private HttpClient Http { get; } = new();

    /// <summary>The log lines, without the framework's own about requests and its start.</summary>
    public IReadOnlyList<FakeLogRecord> Lines =>
        [
            .. app
                .Services.GetFakeLogCollector()
                .GetSnapshot()
                .Where(line =>
                    line.Category
                        is not (
                            "Microsoft.Hosting.Lifetime"
                            or "Microsoft.AspNetCore.Hosting.Diagnostics"
                            or "Microsoft.AspNetCore.Routing.EndpointMiddleware"
                        )
                ),
        ];

    /// <param name="service">The service that it calls.</param>
    /// <param name="client">The client whose key it uses.</param>
    /// <param name="limiters">The policies: <c>/NAME</c> has the policy of that name.</param>
    /// <param name="paths">The paths that it serves.</param>
    public static Task<PackageApp> StartAsync(
        Service service,
        TestClient client,
        Action<RateLimiterOptions> limiters,
        params string[] paths
    ) =>
        StartAsync(
            service,
            client,
            limiters,
            context => context.Response.WriteAsync("Found"),
            _ => { },
            paths
        );

    /// <param name="service">The service that it calls.</param>
    /// <param name="client">The client whose key it uses.</param>
    /// <param name="limiters">The policies: <c>/NAME</c> has the policy of that name.</param>
    /// <param name="endpoint">What it does at each path.</param>
    /// <param name="connection">Configures its connection to the service.</param>
    /// <param name="paths">The paths that it serves.</param>
    public static async Task<PackageApp> StartAsync(
        Service service,
        TestClient client,
        Action<RateLimiterOptions> limiters,
        RequestDelegate endpoint,
        Action<IHttpClientBuilder> connection,
        params string[] paths
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFakeLogging();
        builder.Services.AddRoutingCore();
        connection(
            builder.Services.AddRateLimiterClient(options =>
            {
                options.BaseAddress = service.Address;
                options.ApiKey = client.Key;
                options.Timeout = options.AttemptTimeout = TimeSpan.FromSeconds(30);
            })
        );
        builder.Services.AddRateLimiter(limiters);
        var app = builder.Build();
        app.UseRouting();
        app.UseRateLimiter();
        foreach (var path in paths)
        {
            app.MapGet($"/{path}", endpoint).RequireRateLimiting(path);
        }
        await app.StartAsync();
        return new PackageApp(app);
    }

    public async Task<Answer> GetAsync(string path, CancellationToken cancellationToken = default)
    {
        using var response = await Http.GetAsync(
            new Uri(new Uri(app.Urls.Single()), path),
            cancellationToken
        );
        return await Answer.ReadAsync(response);
    }

    /// <summary>Sends many requests at once.</summary>
    public Task<Answer[]> GetManyAsync(string path, int times = 40) =>
        Task.WhenAll(Enumerable.Range(0, times).Select(_ => GetAsync(path)));

    /// <summary>Stops accepting requests, and waits for those in progress.</summary>
    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }
}
