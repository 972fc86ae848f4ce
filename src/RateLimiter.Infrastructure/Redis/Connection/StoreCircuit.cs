using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Health;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// A circuit breaker before one part of the store. When it opens nobody asks that part any more, so that nobody waits for
/// it; only <see cref="StoreMonitor"/> probes it, and closes the circuit when a probe is answered. Nobody's check is the
/// probe, and nobody is told to come back all at once.
/// </summary>
internal sealed class StoreCircuit
{
    /// <summary>Opens when half of what was asked in this time failed, and at least <see cref="MinAsked"/> were.</summary>
    internal static readonly TimeSpan SamplingTime = TimeSpan.FromSeconds(1);

    /// <summary>As few as a monitor asks by itself within <see cref="SamplingTime"/>.</summary>
    internal const int MinAsked = 3;

    /// <summary>How long it stays open at least: the shortest that Polly knows.</summary>
    internal static readonly TimeSpan OpenTime = TimeSpan.FromMilliseconds(500);

    private readonly Func<string> shard;
    private readonly ILogger logger;

    /// <summary>So many reasons are told of while it is open.</summary>
    private const int MaxSaid = 5;

    private readonly ConcurrentDictionary<string, StoreReason> said = new();
    private readonly CircuitBreakerStateProvider state = new();
    private readonly ResiliencePipeline pipeline;
    private volatile string? failure;
    private bool isOpen;
    private long opened;
    private long closed;

    /// <param name="shard">Names the part in the log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Is told of each transition.</param>
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

    /// <summary>Whether nobody is to ask.</summary>
    public bool IsOpen => state.CircuitState != CircuitState.Closed;

    /// <summary>How often it has opened. That a probe fails while it is open is no other time.</summary>
    public long Opened => Interlocked.Read(ref opened);

    /// <summary>How often it has closed.</summary>
    public long Closed => Interlocked.Read(ref closed);

    /// <summary>The last failure since <see cref="ConfirmHealthy"/> was called; null when there is none.</summary>
    public string? Failure => failure;

    /// <summary>Notes that a probe has done all that a check does.</summary>
    public void ConfirmHealthy() => failure = null;

    /// <summary>
    /// Asks, unless the circuit is open, for what may be too much for the store: that it is not answered does not open the
    /// circuit, or one tenant's work would shut the store for all.
    /// </summary>
    /// <exception cref="StoreUnavailableException">It is open, or the store did not answer.</exception>
    public Task<T> PassAsync<T>(Func<Task<T>> ask) => IsOpen ? throw Unavailable() : ask();

    /// <summary>Asks, unless the circuit is open, for what the store answers soon if it answers at all.</summary>
    /// <exception cref="StoreUnavailableException">It is open, or the store did not answer.</exception>
    public Task<T> AskAsync<T>(Func<Task<T>> ask) => IsOpen ? throw Unavailable() : ProbeAsync(ask);

    /// <summary>Asks also when the circuit has been open for long enough, and closes it with the answer.</summary>
    /// <exception cref="StoreUnavailableException">It is open, or the store did not answer.</exception>
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

    // What is wrong with one key, or with one call, is not wrong with the store.
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

    // Each probe without an answer opens it again. That nobody listened yet may have been said before what the operator can
    // mend.
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
