using System.Net;
using MediatR;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Background;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Registration;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Api.Demo;

/// <summary>
/// Shows the service at work: registers a client with the policies of <see cref="SampleShop"/>, counts the checks of its
/// last day as the model would have decided them, and then sends checks as its users would.
/// </summary>
internal sealed class DemoTraffic(
    IMediator mediator,
    Authenticator authenticator,
    IAnalytics analytics,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<DemoTraffic> logger
) : RepeatingService("The demo", RetryInterval, time, logger)
{
    /// <summary>The first argument that starts the service with the demo.</summary>
    public const string Command = "demo";

    /// <summary>A day, plus the first hour of a chart of the last day.</summary>
    private static readonly TimeSpan Past = TimeSpan.FromHours(25);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private static readonly Actor Actor = new(null, $"{IPAddress.Loopback}", Command);

    private string? key;
    private bool isSetUp;
    private bool isOver;

    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        !isOver && await base.WaitAsync(stoppingToken);

    // While the store does not answer, the demo retries from where it stopped.
    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        await StartedAsync(stoppingToken);
        key ??= await RegisterAsync(stoppingToken);
        if (key is null)
        {
            isOver = true;
            return;
        }

        var now = Time.GetUtcNow();
        if (!isSetUp)
        {
            if (await SetUpAsync(key) is not { } client)
            {
                isOver = true;
                return;
            }

            isSetUp = true;
            // To the console of the operator, and to no log: it is a key.
            Console.WriteLine($"The demo's API key, to sign in with: {key}");
            await Task.Run(() => CountPast(client, now, stoppingToken), stoppingToken);
        }

        await CheckAsync(key, now, stoppingToken);
    }

    /// <summary>Sends checks until the service stops, or the demo's client or key is deleted.</summary>
    private async Task CheckAsync(string key, DateTimeOffset from, CancellationToken stoppingToken)
    {
        for (var minute = StartOf(from); ; minute += Minute)
        {
            foreach (var (at, check) in SampleShop.ChecksOf(minute).Where(it => it.At >= from))
            {
                var wait = at - Time.GetUtcNow();
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, Time, stoppingToken);
                }

                // Read again for each check: its policies may have changed.
                if (await FindClientAsync(key) is not { } client)
                {
                    isOver = true;
                    return;
                }

                await mediator.Send(new CheckCommand(client, check), stoppingToken);
            }
        }
    }

    private async Task StartedAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    private async Task<string?> RegisterAsync(CancellationToken stoppingToken)
    {
        var outcome = await mediator.Send(
            new RegisterClientCommand("Demo", IPAddress.Loopback, Actor),
            stoppingToken
        );
        if (outcome is ClientRegistered registered)
        {
            return registered.ApiKey;
        }

        Logger.DemoNotRegistered();
        return null;
    }

    private async Task<ClientSnapshot?> SetUpAsync(string key)
    {
        if (await FindClientAsync(key) is { Id: var id })
        {
            foreach (var policy in SampleShop.Policies)
            {
                await mediator.Send(new SavePolicyCommand(id, policy, Actor));
            }
        }

        return await FindClientAsync(key);
    }

    /// <summary>The current client; null when it is deleted, or its key revoked.</summary>
    private async Task<ClientSnapshot?> FindClientAsync(string key) =>
        (await authenticator.AuthenticateAsync(key, IPAddress.Loopback)).Caller?.Client;

    /// <summary>Counts what would have been decided; the log begins with the first real check.</summary>
    private void CountPast(
        ClientSnapshot client,
        DateTimeOffset now,
        CancellationToken stoppingToken
    )
    {
        var counters = new LocalCounters();
        var random = new Random(1);
        for (var minute = StartOf(now - Past); minute < now; minute += Minute)
        {
            foreach (var (at, check) in SampleShop.ChecksOf(minute))
            {
                stoppingToken.ThrowIfCancellationRequested();
                if (
                    at < now
                    && CheckPlanner.Plan(client, check, Time)
                        is { Problem: null, Plan: var request }
                )
                {
                    var decision = counters.Acquire(request, at) with { Degraded = false };
                    analytics.Record(
                        client.Id,
                        request.Policy,
                        LogEntry.From(check, decision),
                        TimeSpan.FromMilliseconds(0.2 + 0.6 * Math.Pow(random.NextDouble(), 4))
                    );
                }
            }
        }
    }

    private static DateTimeOffset StartOf(DateTimeOffset time) =>
        new(time.Ticks - time.Ticks % Minute.Ticks, TimeSpan.Zero);
}

internal static partial class DemoMessages
{
    [LoggerMessage(
        1,
        LogLevel.Error,
        "The demo cannot register a client: registration is closed, requires a token, or was used too often in the last minute."
    )]
    public static partial void DemoNotRegistered(this ILogger logger);
}
