using System.Globalization;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Infrastructure.Clocks;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The cache-invalidation channel: changes in the store, on any instance, of clients' keys or policies, and of counters
/// that were refunded or reset. The scripts that make a change also publish it, so that both are atomic. Messages can
/// be lost all the same: this instance publishes pings to itself, and while it does not receive them, the subscription
/// is not healthy.
/// </summary>
/// <remarks>
/// All messages share one channel, in order, so that a received ping proves that what was published before it has
/// arrived.
/// </remarks>
internal sealed class RedisInvalidationChannel : RepeatingService, IClientChanges
{
    /// <summary>The longest that messages can be lost while <see cref="IsSubscribed"/> is still true.</summary>
    internal static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PingInterval = MaxSilence / 4;
    private static readonly RedisChannel Channel = RedisChannel.Literal(
        RedisKeys.InvalidationChannel
    );
    private const long Never = long.MinValue;

    private readonly RedisConnection connection;
    private readonly TimeProvider time;
    private readonly string instance = $"{Guid.NewGuid():N}";
    private readonly Standstill standstill;
    private long received = Never;
    private long interrupted = Never;
    private bool isSubscribed;

    public RedisInvalidationChannel(
        RedisConnection connection,
        TimeProvider time,
        ILogger<RedisInvalidationChannel> logger
    )
        : base("The monitor of the invalidation channel", PingInterval, time, logger)
    {
        this.connection = connection;
        this.time = time;
        connection.Link.Interrupted += () =>
            Interlocked.Exchange(ref interrupted, time.GetTimestamp());
        standstill = new Standstill(time, MaxSilence, Wake);
    }

    /// <summary>Called with the name of a counter that may have permits again.</summary>
    public event Action<string>? Freed;

    /// <inheritdoc/>
    public event Action<ClientId>? Changed;

    /// <inheritdoc/>
    public event Action<ClientId, IReadOnlyCollection<KeyHash>>? KeysRevoked;

    /// <inheritdoc/>
    public event Action? MessagesLost;

    /// <inheritdoc/>
    public event Action? Woken;

    /// <inheritdoc/>
    public bool IsSubscribed
    {
        get
        {
            standstill.Check();
            return Vouches(Interlocked.Read(ref received));
        }
    }

    public override void Dispose()
    {
        standstill.Dispose();
        base.Dispose();
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (!isSubscribed)
        {
            await connection.Messages.SubscribeAsync(
                Channel,
                message => Receive(message!),
                stoppingToken
            );
            isSubscribed = true;
        }

        await connection.Messages.PublishAsync($"ping {instance} {time.GetTimestamp()}");
    }

    private void Receive(string message)
    {
        var (kind, what) = Split(message);
        switch (kind)
        {
            case "freed":
                Freed?.Invoke(what);
                break;
            case "client":
                Changed?.Invoke(new ClientId(what));
                break;
            case "revoked":
                ReceiveRevoked(what.Split(' '));
                break;
            case "ping":
                var (sender, sent) = Split(what);
                if (sender == instance)
                {
                    ReceivePing(long.Parse(sent, CultureInfo.InvariantCulture));
                }

                break;
        }
    }

    // Messages that were sent meanwhile may still be on their way, behind one that seems to have just arrived.
    private void Wake()
    {
        Interlocked.Exchange(ref interrupted, Time.GetTimestamp());
        MessagesLost?.Invoke();
        Woken?.Invoke();
    }

    private void ReceiveRevoked(string[] words) =>
        KeysRevoked?.Invoke(new ClientId(words[0]), [.. words.Skip(1).Select(KeyHash.Parse)]);

    private void ReceivePing(long sent)
    {
        if (!IsSubscribed && Vouches(sent))
        {
            // From here on every message is received; earlier ones may have been lost.
            MessagesLost?.Invoke();
        }

        Interlocked.Exchange(ref received, sent);
        connection.Messages.Accept();
    }

    private bool Vouches(long ping) =>
        ping > Interlocked.Read(ref interrupted) && time.GetElapsedTime(ping) < MaxSilence;

    // A counter's name may contain spaces too.
    private static (string Word, string Others) Split(string text)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? (text, "") : (text[..space], text[(space + 1)..]);
    }
}
