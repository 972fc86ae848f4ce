using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>The codec of check.lua: writes its arguments and reads its reply.</summary>
internal static class CheckScript
{
    private const int NumberSize = sizeof(double);
    private const int NumbersPerLimit = 5;
    private const long Broken = -2;

    // The script file of each algorithm. The two buckets differ only in their default burst.
    private static readonly Dictionary<Algorithm, string> Limiters = new()
    {
        [Algorithm.FixedWindow] = "fixed_window",
        [Algorithm.SlidingWindow] = "sliding_window",
        [Algorithm.SlidingLog] = "sliding_log",
        [Algorithm.TokenBucket] = "bucket",
        [Algorithm.LeakyBucket] = "bucket",
    };

    // The arguments for a policy's limits are the same in every call.
    private static readonly ConditionalWeakTable<Policy, object> LimitTexts = [];

    /// <summary>The script check.lua.</summary>
    public static RedisScript Script { get; } = RedisScript.Load("check", Limiters.Values);

    /// <param name="verb">As in check.lua: acquire, peek or refund.</param>
    /// <param name="requests">The permits.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <returns>The arguments; the first key of each request is its <see cref="FirstCounter"/>.</returns>
    public static (RedisKey[] Keys, RedisValue[] Values) Write(
        string verb,
        ReadOnlySpan<PermitRequest> requests,
        long? clock
    )
    {
        var counters = 0;
        foreach (ref readonly var request in requests)
        {
            counters += request.Policy.Limits.Count;
        }

        var keys = new RedisKey[counters];
        var values = new RedisValue[2 + 2 * requests.Length];
        values[0] = clock ?? RedisValue.EmptyString;
        values[1] = verb;
        var (key, value) = (0, 2);
        foreach (ref readonly var request in requests)
        {
            values[value++] = request.Cost;
            values[value++] = LimitText(request.Policy);
            var limits = request.Policy.Limits;
            for (var i = 0; i < limits.Count; i++)
            {
                keys[key++] = RedisKeys.Counter(request.Subject, limits[i]);
            }
        }

        return (keys, values);
    }

    /// <summary>
    /// A decision for each request; null for a request whose counter is broken, in which case the failure says what is
    /// wrong.
    /// </summary>
    /// <exception cref="StoreUnavailableException">This is no reply of the script.</exception>
    public static (Decision?[] Decisions, string? Failure) Read(
        ReadOnlySpan<PermitRequest> requests,
        RedisResult reply
    )
    {
        var limits = 0;
        foreach (ref readonly var request in requests)
        {
            limits += request.Policy.Limits.Count;
        }

        if (
            reply is not { Resp2Type: ResultType.Array, Length: > 0 }
            || reply[0].Resp2Type != ResultType.BulkString
            || (byte[]?)reply[0] is not { } bytes
            || bytes.Length != NumberSize * (1 + NumbersPerLimit * limits)
        )
        {
            throw new StoreUnavailableException("The store's reply was not understood.");
        }

        ReadOnlySpan<byte> numbers = bytes;
        var decidedAt = DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(Next(ref numbers));
        var decisions = new Decision?[requests.Length];
        for (var i = 0; i < requests.Length; i++)
        {
            var policy = requests[i].Policy;
            var stableFor = 0L;
            var statuses = new LimitStatus[policy.Limits.Count];
            for (var j = 0; j < statuses.Length; j++)
            {
                statuses[j] = new LimitStatus(
                    Wait: Next(ref numbers),
                    Remaining: Next(ref numbers),
                    Reset: Next(ref numbers),
                    Used: Next(ref numbers)
                );
                stableFor = Next(ref numbers);
            }

            if (statuses[0].Wait != Broken)
            {
                decisions[i] = Decision.From(
                    policy,
                    statuses,
                    decidedAt,
                    TimeSpan.FromMicroseconds(stableFor)
                );
            }
        }

        return (decisions, reply.Length > 1 ? (string?)reply[1] : null);
    }

    /// <summary>The key that identifies all counters of a request.</summary>
    public static string FirstCounter(in PermitRequest request) =>
        RedisKeys.Counter(request.Subject, request.Policy.Limits[0]);

    private static long Next(ref ReadOnlySpan<byte> numbers)
    {
        var number = (long)BinaryPrimitives.ReadDoubleLittleEndian(numbers);
        numbers = numbers[NumberSize..];
        return number;
    }

    private static RedisValue LimitText(Policy policy) =>
        (byte[])
            LimitTexts.GetValue(
                policy,
                static policy =>
                    Encoding.ASCII.GetBytes(
                        string.Join(
                            ' ',
                            policy.Limits.Select(limit =>
                                string.Create(
                                    CultureInfo.InvariantCulture,
                                    $"{Limiters[limit.Algorithm]} {limit.Permits} {limit.WindowMicroseconds} {limit.Capacity} {limit.Tick}"
                                )
                            )
                        )
                    )
            );
}
