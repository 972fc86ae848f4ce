using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>
/// The work of one call, whatever it contains, measured in the commands that the store executes for it: its time would
/// depend on what else the machine does. The logs are in the format in which an earlier version would have filled a
/// store.
/// </summary>
[NonParallelizable]
public sealed class BoundedWorkTests
{
    /// <summary>Three reads of the list and its ends, and for two searches in 10,000 entries 16 reads each.</summary>
    private const int MaxReadsOfALimit = 3 + 2 * 16;

    /// <summary>
    /// Trimming both ends, appending, and the expiry; or a refund, and its message to other instances.
    /// </summary>
    private const int MaxWritesOfALimit = 4;

    private const int MaxCommandsOfACheck =
        PolicyDefinition.MaxLimits * (MaxReadsOfALimit + MaxWritesOfALimit) + 1;

    private static readonly Policy MostExpensive = CounterStoreExtensions.Policy([
        .. Enumerable
            .Range(0, PolicyDefinition.MaxLimits)
            .Select(i =>
                CounterStoreExtensions.Limit(
                    Algorithm.SlidingLog,
                    Limit.MaxLoggedPermits,
                    seconds: 3600,
                    name: $"log {i}"
                )
            ),
    ]);

    private TestStore store = null!;
    private RedisInvalidationChannel invalidations = null!;
    private RedisCounterStore counters = null!;

    /// <summary>How the entries of a full log are distributed over time, and the cost of each.</summary>
    public enum Shape
    {
        OneByOneEvenly,
        HalfHasRunOut,
        AllAtOnce,
        EverLater,
        OfAllSizes,
    }

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        store = await TestStore.StartOwnAsync(StoreKind.Redis);
        invalidations = new RedisInvalidationChannel(
            store.Connection,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        counters = new RedisCounterStore(store.Connection, invalidations, TimeProvider.System);
        await new CheckProbe(store.Connection, counters).WarmUpAsync(CancellationToken.None);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        counters.Dispose();
        invalidations.Dispose();
        await store.DisposeAsync();
    }

    [Test]
    public async Task Take_FullLogsOfTheGreatestSize_IsFewCommands(
        [Values] Shape shape,
        [Values(1, 2, 777, 5000, 9999, 10_000)] int cost
    )
    {
        var subject = CounterStoreExtensions.NewSubject();
        var entries = await FillAsync(subject, shape);
        Decision? decision = null;

        var calls = await CountAsync(async () =>
            decision = await counters.TakeAsync(
                subject,
                MostExpensive,
                cost,
                CounterStoreExtensions.Start
            )
        );

        Assert.That(Commands(calls), Is.AtMost(MaxCommandsOfACheck), Describe(calls));
        var alive = entries
            .Where(entry => entry.Time + Hour > CounterStoreExtensions.Start)
            .ToList();
        var used = alive.Sum(entry => entry.Permits);
        Assert.That(decision!.Statuses.Select(status => status.Used), Is.All.EqualTo(used));
        Assert.That(
            decision.Statuses.Select(status => status.Wait),
            Is.All.EqualTo(WaitFor(alive, used + cost - Limit.MaxLoggedPermits))
        );
    }

    [Test]
    public async Task Give_FullLogsOfTheGreatestSize_IsFewCommands(
        [Values] Shape shape,
        [Values(1, 777, 10_000)] int cost
    )
    {
        var subject = CounterStoreExtensions.NewSubject();
        var entries = await FillAsync(subject, shape);
        Decision? decision = null;

        var calls = await CountAsync(async () =>
            decision = await counters.GiveAsync(
                subject,
                MostExpensive,
                cost,
                CounterStoreExtensions.Start
            )
        );

        Assert.That(Commands(calls), Is.AtMost(MaxCommandsOfACheck), Describe(calls));
        var used = entries
            .Where(entry => entry.Time + Hour > CounterStoreExtensions.Start)
            .Sum(entry => entry.Permits);
        Assert.That(
            decision!.Statuses.Select(status => status.Remaining),
            Is.All.EqualTo(Limit.MaxLoggedPermits - Math.Max(0, used - cost))
        );
    }

    [Test]
    public async Task TakeEach_ChecksOfTheGreatestSize_AreFewCommandsInEachCall()
    {
        var subject = CounterStoreExtensions.NewSubject();
        await FillAsync(subject, Shape.HalfHasRunOut, now: Now());
        var requests = Enumerable
            .Range(0, 100)
            .Select(i => new CheckPlan(subject, MostExpensive, Limit.MaxLoggedPermits - i))
            .ToList();

        var calls = await CountAsync(() => counters.AcquireEachAsync(requests, default));

        var perCall = CheckWork.MaxPerCall / CheckWork.Of(MostExpensive.Limits);
        Assert.That(calls["evalsha"], Is.EqualTo(requests.Count / perCall));
        Assert.That(
            Commands(calls) / calls["evalsha"],
            Is.AtMost(perCall * MaxCommandsOfACheck),
            Describe(calls)
        );
    }

    private const long Hour = 3600 * CounterStoreExtensions.Second;

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    /// <summary>
    /// The wait, from <see cref="CounterStoreExtensions.Start"/>, until this many permits have expired.
    /// </summary>
    private static long WaitFor(List<(long Time, long Permits)> alive, long excess)
    {
        foreach (var (time, permits) in alive)
        {
            if (excess <= 0)
            {
                break;
            }

            excess -= permits;
            if (excess <= 0)
            {
                return time + Hour - CounterStoreExtensions.Start;
            }
        }

        return 0;
    }

    private async Task<List<(long Time, long Permits)>> FillAsync(
        Subject subject,
        Shape shape,
        long now = CounterStoreExtensions.Start
    )
    {
        var entries = Entries(shape, now).ToList();
        var before = 0L;
        var state = new List<RedisValue>();
        foreach (var (time, permits) in entries)
        {
            var entry = new byte[3 * sizeof(double)];
            BinaryPrimitives.WriteDoubleLittleEndian(entry, time);
            BinaryPrimitives.WriteDoubleLittleEndian(entry.AsSpan(8), before);
            BinaryPrimitives.WriteDoubleLittleEndian(entry.AsSpan(16), permits);
            state.Add(entry);
            before += permits;
        }

        var database = (await store.Connection.Connected).GetDatabase();
        foreach (var limit in MostExpensive.Limits)
        {
            RedisKey counter = CounterStoreExtensions.KeyOf(subject, limit);
            foreach (var some in state.Chunk(1000))
            {
                await database.ListRightPushAsync(counter, some);
            }

            await database.KeyExpireAsync(counter, TimeSpan.FromHours(2));
        }

        return entries;
    }

    private static IEnumerable<(long Time, long Permits)> Entries(Shape shape, long now)
    {
        const int all = (int)Limit.MaxLoggedPermits;
        var start = now - Hour / 2;
        return shape switch
        {
            Shape.OneByOneEvenly => Enumerable.Range(0, all).Select(i => (start + 100 * i, 1L)),
            Shape.HalfHasRunOut => Enumerable
                .Range(0, all)
                .Select(i => (i < all / 2 ? now - Hour - all + i : start + i, 1L)),
            Shape.AllAtOnce => Enumerable.Repeat((start, 1L), all),
            Shape.EverLater => Enumerable
                .Range(0, all)
                .Select(i => (now - (long)(1.5 * Hour * Math.Pow(0.999, i)), 1L)),
            _ => Enumerable
                .Range(0, 4900)
                .Select(i => (start + i, 1L))
                .Concat([(start + 5000, 5000L)])
                .Concat(Enumerable.Range(0, 50).Select(i => (start + 6000 + i, 2L))),
        };
    }

    private async Task<Dictionary<string, long>> CountAsync(Func<Task> act)
    {
        var server = (await store.Connection.Connected).GetServers()[0];
        await server.ExecuteAsync("CONFIG", "RESETSTAT");
        await act();
        var figures = await server.InfoAsync("commandstats");
        return figures
            .SelectMany(group => group)
            .ToDictionary(
                figure => figure.Key.Replace("cmdstat_", "", StringComparison.Ordinal),
                figure =>
                    long.Parse(
                        figure.Value.Split(',')[0].Split('=')[1],
                        System.Globalization.CultureInfo.InvariantCulture
                    )
            );
    }

    /// <summary>The number of commands that the script made the store execute.</summary>
    private static long Commands(Dictionary<string, long> calls) =>
        calls
            .Where(call =>
                call.Key
                    is "llen"
                        or "lindex"
                        or "lrange"
                        or "ltrim"
                        or "lpop"
                        or "rpop"
                        or "rpush"
                        or "lset"
                        or "pexpire"
                        or "del"
                        or "publish"
                        or "time"
            )
            .Sum(call => call.Value);

    private static string Describe(Dictionary<string, long> calls) =>
        string.Join(", ", calls.Select(call => $"{call.Key} {call.Value}"));
}
