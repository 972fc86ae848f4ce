using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Telemetry;
using Polly.Timeout;
using RateLimiting.Client;
using RateLimiting.Client.Generated;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the client of the RateLimiter service.</summary>
public static class RateLimiterClientServices
{
    /// <summary>The name of its HttpClient.</summary>
    public const string HttpClientName = "RateLimiter";

    private const string ApiKeyHeader = "X-API-Key";

    /// <summary>Adds <see cref="IRateLimiterClient"/> and <see cref="IRateLimiterApi"/>, one for the process.</summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>A builder for further configuration of the HttpClient, such as its handlers.</returns>
    public static IHttpClientBuilder AddRateLimiterClient(
        this IServiceCollection services,
        Action<RateLimiterClientOptions> configure
    )
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<RateLimiterClientOptions>().Configure(configure);
        return services.AddClient();
    }

    /// <summary>As above, with options from a section of the configuration.</summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="section">The section, which is usually called <c>RateLimiter</c>.</param>
    /// <param name="configure">Sets options that are not in the section; they win over those that are.</param>
    /// <returns>A builder for further configuration of the HttpClient, such as its handlers.</returns>
    public static IHttpClientBuilder AddRateLimiterClient(
        this IServiceCollection services,
        IConfiguration section,
        Action<RateLimiterClientOptions>? configure = null
    )
    {
        ArgumentNullException.ThrowIfNull(section);
        var options = services.AddOptions<RateLimiterClientOptions>().Bind(section);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        return services.AddClient();
    }

    private static IHttpClientBuilder AddClient(this IServiceCollection services)
    {
        // A second call only adds options; it must not add the handlers twice.
        if (services.Any(service => service.ServiceType == typeof(IRateLimiterClient)))
        {
            return services.AddHttpClient(HttpClientName);
        }

        services.AddOptions<RateLimiterClientOptions>().ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<
                IValidateOptions<RateLimiterClientOptions>,
                RateLimiterClientOptionsValidator
            >()
        );
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider =>
        {
            var options = Options(provider);
            return new LocalDenials(
                options.MaxLocalDenials,
                options.LocalDenialMaxAge,
                provider.GetRequiredService<TimeProvider>()
            );
        });
        services.TryAddSingleton(provider =>
        {
            var log = provider.GetRequiredService<ILogger<RateLimiterClient>>();
            return new Outage(
                log.ServiceUnavailable,
                log.ServiceBack,
                provider.GetRequiredService<TimeProvider>()
            );
        });
        services.TryAddSingleton(provider => new RateLimiterApi(
            provider.GetRequiredService<IHttpClientFactory>().CreateClient(HttpClientName)
        ));
        services.TryAddSingleton<IRateLimiterApi>(provider =>
            provider.GetRequiredService<RateLimiterApi>()
        );
        services.TryAddSingleton<IRateLimiterClient, RateLimiterClient>();

        // One handler chain for the lifetime of the process: its connections are replaced, not its handlers.
        var client = services
            .AddHttpClient(HttpClientName)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigureHttpClient(
                (provider, http) =>
                {
                    var options = Options(provider);
                    http.BaseAddress = WithSlash(options.BaseAddress!);
                    http.DefaultRequestHeaders.Add(ApiKeyHeader, options.ApiKey);
                    // The resilience handler enforces the timeouts.
                    http.Timeout = Timeout.InfiniteTimeSpan;
                }
            )
            .UseSocketsHttpHandler(
                (sockets, provider) =>
                {
                    sockets.PooledConnectionLifetime = Options(provider).ConnectionLifetime;
                    sockets.AutomaticDecompression = DecompressionMethods.All;
                    sockets.UseCookies = false;
                    sockets.AllowAutoRedirect = false;
                }
            )
            // The loggers would write two lines for each of very many requests.
            .RemoveAllLoggers();
#pragma warning disable EXTEXP0001 // Experimental, but the only way that the package offers.
        // Resilience handlers that an app adds to all its clients would retry requests that may have counted.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        client.AddHttpMessageHandler(provider => new FailureHandler(
            provider.GetRequiredService<LocalDenials>(),
            provider.GetRequiredService<Outage>()
        ));
        client.AddResilienceHandler(HttpClientName, AddResilience);
        client.AddHttpMessageHandler(() => new BufferedResponseHandler());
        return client;
    }

    private static void AddResilience(
        ResiliencePipelineBuilder<HttpResponseMessage> pipeline,
        ResilienceHandlerContext context
    )
    {
        var options = Options(context.ServiceProvider);
        // Polly would log a line for each attempt and the stack of each failure; Outage reports what matters.
        pipeline.ConfigureTelemetry(
            new TelemetryOptions(
                context.ServiceProvider.GetRequiredService<IOptions<TelemetryOptions>>().Value
            )
            {
                LoggerFactory = NullLoggerFactory.Instance,
            }
        );
        pipeline.TimeProvider = context.ServiceProvider.GetRequiredService<TimeProvider>();
        pipeline.AddTimeout(TimeoutOf(options.Timeout, options));
        if (options.MaxRetries > 0)
        {
            pipeline.AddRetry(RetryRules.For(options));
        }

        pipeline
            .AddCircuitBreaker(
                new HttpCircuitBreakerStrategyOptions
                {
                    BreakDuration = options.CircuitBreak,
                    FailureRatio = 0.9,
                    MinimumThroughput = 20,
                    SamplingDuration = TimeSpan.FromSeconds(5),
                    ShouldHandle = outcome =>
                        ValueTask.FromResult(
                            outcome.Outcome is { Exception: { } exception }
                                ? Failures.IsWithoutResponse(exception)
                                : Failures.IsOutage((int)outcome.Outcome.Result!.StatusCode)
                        ),
                }
            )
            .AddTimeout(TimeoutOf(options.AttemptTimeout, options));
    }

    private static TimeoutStrategyOptions TimeoutOf(
        TimeSpan quick,
        RateLimiterClientOptions options
    ) =>
        new()
        {
            TimeoutGenerator = arguments =>
                ValueTask.FromResult(
                    CheckPaths.IsQuick(arguments.Context.GetRequestMessage()!)
                        ? quick
                        : options.AdministrationTimeout
                ),
        };

    private static RateLimiterClientOptions Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<RateLimiterClientOptions>>().Value;

    // Without a trailing slash, the last segment of the base path would be replaced by the path of the request.
    private static Uri WithSlash(Uri address) =>
        address.AbsolutePath.EndsWith('/') ? address : new Uri($"{address}/");
}
