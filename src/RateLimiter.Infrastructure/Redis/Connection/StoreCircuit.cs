using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Health;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The circuit breaker of one shard of the store. While it is open no request is sent to the shard, so that no caller
/// waits for it; only <see cref="StoreMonitor"/> probes the shard, and closes the circuit when a probe gets a reply. No
/// caller's check serves as the probe, and callers do not all retry at the same time.
/// </summary>
internal sealed class StoreCircuit
{
    /// <summary>
    /// Opens when half of the requests within this time failed, and there were at least <see cref="MinAsked"/>.
    /// </summary>
    internal static readonly TimeSpan SamplingTime = TimeSpan.FromSeconds(1);

    /// <summary>As few as the monitor alone sends within <see cref="SamplingTime"/>.</summary>
    internal const int MinAsked = 3;

    /// <summary>The shortest time that it stays open: the minimum that Polly supports.</summary>
    internal static readonly TimeSpan OpenTime = TimeSpan.FromMilliseconds(500);

    private readonly Func<string> shard;
    private readonly ILogger logger;

    /// <summary>How many different reasons are logged while it is open.</summary>
    private const int MaxSaid = 5;

    private readonly ConcurrentDictionary<string, StoreReason> said = new();
    private readonly CircuitBreakerStateProvider state = new();
    private readonly ResiliencePipeline pipeline;
    private volatile string? failure;
    private bool isOpen;
    private long opened;
    private long closed;

    /// <param name="shard">The shard's name in the log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Logs each transition.</param>
    public StoreCircuit(Func<string> shard, TimeProvider time, ILogger logger)
    {
        this.shard = shard;
        this.logger = logger;
        pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions
                {
                    FailureRatio = 0.5,
                    MinimumThroughput = MinAsked,
                    SamplingDuration = SamplingTime,
                    BreakDuration = OpenTime,
                    ShouldHandle = new PredicateBuilder().Handle<StoreUnavailableException>(
                        NoteFailure
                    ),
                    StateProvider = state,
                    OnOpened = opened =>
                    {
                        Open(opened.Outcome.Exception);
                        return default;
                    },
                    OnClosed = _ =>
                    {
                        Close();
                        return default;
                    },
                }
            )
            .Build();
    }

    /// <summary>Whether the circuit is open, so that no request may be sent.</summary>
    public bool IsOpen => state.CircuitState != CircuitState.Closed;

    /// <summary>How often it has opened. A failed probe while it is open does not count again.</summary>
    public long Opened => Interlocked.Read(ref opened);

    /// <summary>How often it has closed.</summary>
    public long Closed => Interlocked.Read(ref closed);

    /// <summary>The last failure since <see cref="ConfirmHealthy"/> was called; null when there is none.</summary>
    public string? Failure => failure;

    /// <summary>Records that a probe has done everything that a check does.</summary>
    public void ConfirmHealthy() => failure = null;

    /// <summary>
    /// Sends a request, unless the circuit is open, that may be too much for the store: a missing reply does not open
    /// the circuit, or one tenant's work would make the store unavailable to all.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The circuit is open, or the store did not reply.</exception>
    public Task<T> PassAsync<T>(Func<Task<T>> ask) => IsOpen ? throw Unavailable() : ask();

    /// <summary>
    /// Sends a request, unless the circuit is open, that the store replies to quickly if it replies at all.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The circuit is open, or the store did not reply.</exception>
    public Task<T> AskAsync<T>(Func<Task<T>> ask) => IsOpen ? throw Unavailable() : ProbeAsync(ask);

    /// <summary>
    /// Sends a request also when the circuit has been open for long enough, and closes it on a reply.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The circuit is open, or the store did not reply.</exception>
    public async Task<T> ProbeAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await pipeline.ExecuteAsync(static async (ask, _) => await ask(), ask);
        }
        catch (BrokenCircuitException)
        {
            throw Unavailable();
        }
    }

    private static StoreUnavailableException Unavailable() =>
        new("The store has not answered of late.");

    private bool NoteFailure(StoreUnavailableException exception)
    {
        if (!IsFailureOfTheStore(exception))
        {
            return false;
        }

        failure = StoreReason.Of(exception.InnerException ?? exception).Text;
        return true;
    }

    // A problem with one key, or with one call, is no problem of the store.
    private static bool IsFailureOfTheStore(StoreUnavailableException exception) =>
        exception is not StoreFullException
        && exception.InnerException
            is not RedisServerException
            {
                Kind: RedisErrorKind.WrongType
                    or RedisErrorKind.TryAgain
                    or RedisErrorKind.UnknownError
                    or RedisErrorKind.UnknownCommand
            };

    // Each failed probe opens it again. The log may already say that there was no connection yet before a reason
    // appears that the operator can fix.
    private void Open(Exception? exception)
    {
        var reason = StoreReason.Of(exception?.InnerException ?? exception);
        if (!Interlocked.Exchange(ref isOpen, true))
        {
            Interlocked.Increment(ref opened);
            said.Clear();
        }
        else if (!reason.NeedsOperator)
        {
            return;
        }

        if (said.Count < MaxSaid && said.TryAdd(reason.Text, reason))
        {
            logger.StoreUnavailable(shard(), reason.Text);
        }
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref isOpen, false))
        {
            Interlocked.Increment(ref closed);
            logger.StoreBack(shard());
        }
    }
}
