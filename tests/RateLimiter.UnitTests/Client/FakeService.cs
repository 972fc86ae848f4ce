using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.Client;

/// <summary>A fake service: the test itself responds to each request.</summary>
internal sealed class FakeService : HttpMessageHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Channel<FakeRequest> requests = Channel.CreateUnbounded<FakeRequest>();
    private readonly ConcurrentBag<FakeRequest> unanswered = [];
    private int count;

    /// <summary>The number of received requests.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>The client of a process, connected to this service.</summary>
    public ServiceProvider Client(
        Action<RateLimiterClientOptions>? configure = null,
        TimeProvider? time = null,
        Action<IServiceCollection>? configureServices = null
    )
    {
        var services = new ServiceCollection();
        configureServices?.Invoke(services);
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        services
            .AddRateLimiterClient(options =>
            {
                options.BaseAddress = new Uri("http://ratelimiter/base");
                options.ApiKey = "rl_key";
                options.RetryDelay = TimeSpan.FromMilliseconds(1);
                configure?.Invoke(options);
            })
            .ConfigurePrimaryHttpMessageHandler(() => this);
        return services.BuildServiceProvider();
    }

    /// <summary>Ends the service and a client, which waits by its clock for requests in progress.</summary>
    public async ValueTask EndAsync(ServiceProvider? client, FakeTimeProvider? time = null)
    {
        Dispose();
        var ended = client?.DisposeAsync().AsTask() ?? Task.CompletedTask;
        while (!ended.IsCompleted)
        {
            time?.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await ended;
    }

    /// <summary>The next request, when it has arrived.</summary>
    public async Task<FakeRequest> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await requests.Reader.ReadAsync(patience.Token);
    }

    /// <summary>The next request, if it has arrived.</summary>
    public FakeRequest? TryNext() => requests.Reader.TryRead(out var request) ? request : null;

    /// <summary>Fails the requests without a response, for which the client waits when it is disposed.</summary>
    protected override void Dispose(bool disposing)
    {
        foreach (var request in unanswered)
        {
            request.Answer.TrySetException(new IOException("The service has ended."));
        }

        base.Dispose(disposing);
    }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        Interlocked.Increment(ref count);
        var body = request.Content is null
            ? default
            : JsonElement.Parse(await request.Content.ReadAsByteArrayAsync(CancellationToken.None));
        var arrived = new FakeRequest(request, body);
        unanswered.Add(arrived);
        await requests.Writer.WriteAsync(arrived, CancellationToken.None);
        return await arrived.Answer.Task.WaitAsync(cancellationToken);
    }
}

/// <summary>A request that waits for its response.</summary>
internal sealed class FakeRequest(HttpRequestMessage request, JsonElement body)
{
    public string Line { get; } = $"{request.Method} {request.RequestUri!.PathAndQuery}";

    public JsonElement Body { get; } = body;

    public string? Key { get; } =
        request.Headers.TryGetValues("X-API-Key", out var keys) ? keys.Single() : null;

    public TaskCompletionSource<HttpResponseMessage> Answer { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The users of a batch, in their order.</summary>
    public IEnumerable<string?> Users =>
        Body.GetProperty("checks")
            .EnumerateArray()
            .Select(check => check.GetProperty("user_id").GetString());

    /// <summary>Responds with 200, or with 204 to a request without a response body.</summary>
    public void Give(object answer) =>
        Answer.SetResult(
            Line.StartsWith("DELETE /base/usage", StringComparison.Ordinal)
                ? new HttpResponseMessage(HttpStatusCode.NoContent)
                : new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = JsonContent.Create(answer),
                }
        );

    public void GiveAll(params object[] results) => Give(new { results });

    public void Refuse(int status, TimeSpan? retryAfter = null)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = JsonContent.Create(
                new
                {
                    status,
                    title = "No",
                    detail = "Because.",
                    trace_id = "abc",
                }
            ),
        };
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = new(wait);
        }

        Answer.SetResult(response);
    }

    public void Break(HttpRequestError error) =>
        Answer.SetException(new HttpRequestException(error, "It broke."));

    public static object Allowed(long remaining = 9, long granted = 1) =>
        new
        {
            allowed = true,
            granted,
            remaining,
            limit = 10,
            reset_in = 60,
            matched_role = "default",
            matched_route = "search",
            violated = Array.Empty<string>(),
        };

    public static object Denied(long? retryAfterMs = 60_000, bool degraded = false) =>
        new
        {
            allowed = false,
            remaining = 0,
            limit = 10,
            reset_in = 60,
            reason = "Rate limit exceeded",
            retry_after = retryAfterMs / 1000,
            retry_after_ms = retryAfterMs,
            matched_role = "default",
            matched_route = "search",
            degraded,
            violated = new[] { "default" },
        };
}
