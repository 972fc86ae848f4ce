using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// Sends every request once through the pipeline before the service reports ready: code that runs for the first time is
/// compiled then, which takes longer than the timeout of the store. The requests belong to a client that only this instance
/// knows, for the duration of the warm-up, and that has no data in the store.
/// </summary>
internal sealed class WarmUp(
    IServiceScopeFactory scopes,
    IEnumerable<IWarmUp> stores,
    ClientDirectory directory,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<WarmUp> logger
) : RepeatingService("The warm-up", Interval, time, logger), IHealthCheck
{
    private const string Route = "warm-up";
    private const string Checks = $$"""{"checks":[{{Check}}]}""";
    private const string Check = """{"user_id":"warm-up","route_key":"no such route"}""";
    private const string Refund = $$"""{"user_id":"warm-up","route_key":"{{Route}}"}""";
    private const string Reserve =
        $$"""{"user_id":"warm-up","route_key":"{{Route}}","ttl_seconds":1}""";

    // It could be one, but nobody has made it.
    private const string Reservation = "AAAAAAAAAAAAAAAAAAAAAAAA";
    private const string Usage = $"/usage?user_id=warm-up&route_key={Route}";
    private const string Override =
        """{"subject":"user_id","match":"warm-up","effect":"blocked"}""";
    private const string Policies = $$"""{"policies":[{{PolicyToSave}}]}""";
    private const string PolicyToSave =
        $$"""{"route_key":"{{Route}}","limits":[{"name":"a","limit":1,"window_seconds":1}]}""";

    /// <summary>
    /// The requests, in this order: first those that need no system of record. The store rejects writes, because it has no
    /// such client.
    /// </summary>
    private static readonly IReadOnlyList<(string Method, string Target, string? Body)> Requests =
    [
        ("POST", "/register", """{"name":""}"""),
        ("POST", "/check", Check),
        ("POST", "/check/batch", Checks),
        ("GET", "/gateway/check", null),
        ("GET", Usage, null),
        ("POST", "/usage/refund", Refund),
        ("DELETE", Usage, null),
        ("POST", "/reservations", Reserve),
        ("GET", $"/reservations?user_id=warm-up&route_key={Route}", null),
        ("POST", $"/reservations/{Reservation}/commit", """{"cost":1}"""),
        ("POST", $"/reservations/{Reservation}/extend", """{"ttl_seconds":1}"""),
        ("DELETE", $"/reservations/{Reservation}", null),
        (
            "POST",
            "/reservations/commit",
            $$"""{"items":[{"reservation_id":"{{Reservation}}","cost":1}]}"""
        ),
        (
            "POST",
            "/reservations/extend",
            $$"""{"items":[{"reservation_id":"{{Reservation}}","ttl_seconds":1}]}"""
        ),
        ("GET", "/logs/latest", null),
        ("POST", "/policy/simulate", $$"""{"policy":{{PolicyToSave}}}"""),
        ("GET", "/analytics/summary", null),
        ("GET", "/analytics/timeseries", null),
        ("GET", "/analytics/top", null),
        ("POST", "/policy", PolicyToSave),
        ("GET", "/policy", null),
        ("GET", $"/policy/history?route_key={Route}", null),
        ("POST", "/policy/rollback", $$"""{"route_key":"{{Route}}","version":1}"""),
        ("DELETE", "/policy", $$"""{"route_key":"{{Route}}"}"""),
        ("GET", "/policy/export", null),
        ("PUT", "/policy/import", Policies),
        ("POST", "/overrides", Override),
        ("GET", "/overrides", null),
        ("PUT", "/overrides/0000000000000000", Override),
        ("DELETE", "/overrides/0000000000000000", null),
        ("POST", "/keys", """{"name":"warm-up","scopes":["check"]}"""),
        ("GET", "/keys", null),
        ("POST", "/keys/rotate", "{}"),
        ("DELETE", "/keys/none", null),
        ("GET", "/audit", null),
        ("GET", "/audit/export", null),
    ];

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<RequestDelegate> pipeline = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );

    private volatile bool isWarm;

    /// <summary>A middleware: the part of the pipeline after it is warmed up.</summary>
    public RequestDelegate Keep(RequestDelegate next)
    {
        pipeline.TrySetResult(next);
        return next;
    }

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    ) =>
        Task.FromResult(
            isWarm
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("The service is warming up.")
        );

    protected override ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        isWarm ? ValueTask.FromResult(false) : base.WaitAsync(stoppingToken);

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        // A failed start disposes of what requests need. And without its store the service is not ready anyway.
        if (
            lifetime.ApplicationStarted.IsCancellationRequested
            && await TryWarmStoresAsync(stoppingToken)
        )
        {
            await SendAllAsync(stoppingToken);
            isWarm = true;
        }
    }

    private async Task SendAllAsync(CancellationToken stoppingToken)
    {
        var answer = await pipeline.Task.WaitAsync(stoppingToken);
        var id = ClientId.New();
        var (key, text) = ApiKey.Generate(id);
        var client = new ClientSnapshot(
            id,
            Version: 0,
            new KeyRing([
                ClientKey.Create(key, ClientKey.FirstName, Scopes.Admin, Time.GetUtcNow()),
            ]),
            new PolicyTable([OfRoute(Policy.OfEveryAlgorithm(permits: 1))])
        );
        foreach (var (method, target, body) in Requests)
        {
            stoppingToken.ThrowIfCancellationRequested();
            // A request that tries to change a client removes it from the directory's cache.
            directory.Add(client);
            if (
                await SendAsync(answer, text, method, target, body)
                == StatusCodes.Status503ServiceUnavailable
            )
            {
                // An unavailable system of record must not delay checks, and the requests that follow need it too.
                break;
            }
        }

        directory.Invalidate(id);
    }

    private static Policy OfRoute(Policy policy) =>
        policy with
        {
            Definition = policy.Definition with
            {
                Key = new PolicyKey(Route, PolicyKey.DefaultRole),
            },
        };

    private async Task<bool> TryWarmStoresAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var store in stores)
            {
                await store.WarmUpAsync(cancellationToken);
            }

            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    /// <returns>The status of the response.</returns>
    private async Task<int> SendAsync(
        RequestDelegate answer,
        string key,
        string method,
        string target,
        string? body
    )
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        var (path, query) = target.Split('?') is [var before, var after]
            ? (before, $"?{after}")
            : (target, "");
        var request = context.Request;
        request.Method = method;
        request.Scheme = "http";
        request.Host = new HostString("localhost");
        request.Path = path;
        request.QueryString = new QueryString(query);
        request.Headers[ApiKeyFilter.HeaderName] = key;
        // No caller's address, whose rate of requests this would use up.
        context.Connection.RemoteIpAddress = IPAddress.Any;
        if (body is not null)
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            request.ContentType = "application/json";
            request.ContentLength = bytes.Length;
            request.Body = new MemoryStream(bytes);
            context.Features.Set<IHttpRequestBodyDetectionFeature>(new Body());
        }

        context.Features.Set<IHttpMaxRequestBodySizeFeature>(new Body());

        // Discarded as it is written.
        context.Response.Body = Stream.Null;
        await answer(context);
        Logger.WarmedUp(method, path, context.Response.StatusCode);
        return context.Response.StatusCode;
    }

    private sealed class Body : IHttpRequestBodyDetectionFeature, IHttpMaxRequestBodySizeFeature
    {
        public bool CanHaveBody => true;

        public bool IsReadOnly => false;

        public long? MaxRequestBodySize { get; set; }
    }
}

internal static partial class WarmUpMessages
{
    [LoggerMessage(7, LogLevel.Debug, "Warmed up: {Method} {Path} returned {Status}")]
    public static partial void WarmedUp(
        this ILogger logger,
        string method,
        string path,
        int status
    );
}
