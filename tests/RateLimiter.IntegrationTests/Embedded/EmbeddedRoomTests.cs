using Microsoft.Extensions.Logging.Testing;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Embedded;

/// <summary>The embedded store reports that it is full before it evicts anything, and that it has room again.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EmbeddedRoomTests : IDisposable
{
    private const int MaxBytes = 64 << 20;
    private const int ValueLength = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder folder = new();
    private readonly FakeLogger logger = new();
    private readonly StoreRoom room = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Kinds of data, which Garnet stores inside or outside the pages of its log.</summary>
    public enum Data
    {
        Text,
        Hash,
    }

    [Test]
    public async Task Fill_ToItsBound_IsFullAndHasEverything([Values] Data data)
    {
        int written;
        await using (var store = Start())
        {
            await using var connection = await ConnectAsync(store);
            written = await FillAsync(store, connection.GetDatabase(), data);

            Assert.That(store.Used, Is.InRange(MaxBytes, MaxBytes * 5L / 4));
            Assert.That(logger.Collector.Messages().Single(), Does.Contain("is full"));
            await MustHaveAsync(connection.GetDatabase(), data, Enumerable.Range(0, written));
        }

        var again = new StoreRoom();
        await using var restarted = EmbeddedStore.Start(folder.Path, MaxBytes, again, logger);
        // What was never compacted may use less memory than before: not so much less that there is room again.
        var (used, isFull) = (restarted.Used, again.IsFull);
        await using var reader = await ConnectAsync(restarted);
        await MustHaveAsync(reader.GetDatabase(), data, Enumerable.Range(0, written));
        Assert.That(used, Is.GreaterThan(MaxBytes * 7L / 8));
        Assert.That(isFull, Is.EqualTo(used >= MaxBytes));
    }

    [Test]
    public async Task Delete_FromAFullStore_MakesRoomAndLosesNothingElse([Values] Data data)
    {
        await using var store = Start();
        await using var connection = await ConnectAsync(store);
        var database = connection.GetDatabase();
        var written = await FillAsync(store, database, data);

        foreach (var i in Enumerable.Range(0, written).Where(i => i % 2 == 0))
        {
            await database.KeyDeleteAsync($"{i}");
        }

        await Poll.UntilAsync("There is no room.", Patience, () => Task.FromResult(!room.IsFull));
        await LoggedAsync(2);
        await MustHaveAsync(database, data, Enumerable.Range(0, written).Where(i => i % 2 == 1));
        Assert.That(
            logger.Collector.Messages(),
            Has.Count.EqualTo(2).And.Exactly(1).Contains("has room again")
        );
    }

    [Test]
    public async Task Expiry_InAFullStore_MakesRoom()
    {
        await using var store = Start();
        await using var connection = await ConnectAsync(store);
        var database = connection.GetDatabase();
        var written = await FillAsync(store, database, Data.Text);

        for (var i = 0; i < written; i++)
        {
            await database.KeyExpireAsync($"{i}", TimeSpan.FromMilliseconds(1));
        }

        await Poll.UntilAsync("There is no room.", Patience, () => Task.FromResult(!room.IsFull));
    }

    [Test]
    public async Task Write_WhatIsOverwrittenAgainAndAgain_IsNeverFull()
    {
        await using var store = Start();
        await using var connection = await ConnectAsync(store);
        var database = connection.GetDatabase();

        // Each value is longer than before, so that it is stored in another place.
        for (var round = 0; round < 10; round++)
        {
            for (var i = 0; i < 1000; i++)
            {
                await database.StringSetAsync($"{i}", new byte[ValueLength + 100 * round]);
            }

            await store.CommitAsync();
            // Wait for the compaction: once a second the store checks whether one is worthwhile. After a compaction in the middle of
            // the writes it is that only when the store has grown further.
            await Poll.UntilAsync(
                "It is not compacted.",
                Patience,
                async () =>
                {
                    await database.StringSetAsync("0", new byte[ValueLength]);
                    return store.Used < MaxBytes * 3 / 4;
                }
            );
        }

        Assert.That(logger.Collector.Messages(), Is.Empty);
    }

    private async Task LoggedAsync(int lines) =>
        await Poll.UntilAsync(
            "It is not logged.",
            Patience,
            () => Task.FromResult(logger.Collector.Count >= lines)
        );

    private EmbeddedStore Start() => EmbeddedStore.Start(folder.Path, MaxBytes, room, logger);

    private static async Task<ConnectionMultiplexer> ConnectAsync(EmbeddedStore store) =>
        await ConnectionMultiplexer.ConnectAsync(store.Configuration);

    /// <returns>The number of values that were written until the store was full.</returns>
    private async Task<int> FillAsync(EmbeddedStore store, IDatabase database, Data data)
    {
        var written = 0;
        while (!room.IsFull)
        {
            Assert.That(written, Is.LessThan(2 * MaxBytes / ValueLength), "It is never full.");
            if (data == Data.Text)
            {
                await database.StringSetAsync($"{written}", Value(written));
            }
            else
            {
                await database.HashSetAsync($"{written}", "field", Value(written));
            }

            if (++written % 10 == 0)
            {
                await store.CommitAsync();
            }
        }

        // The line comes a moment after the store refuses.
        await LoggedAsync(1);
        return written;
    }

    private static async Task MustHaveAsync(IDatabase database, Data data, IEnumerable<int> kept)
    {
        foreach (var i in kept)
        {
            byte[]? value =
                data == Data.Text
                    ? await database.StringGetAsync($"{i}")
                    : await database.HashGetAsync($"{i}", "field");
            // Is.EqualTo compares each of the bytes as an object, which takes a minute.
            Assert.That(value.AsSpan().SequenceEqual(Value(i)), $"{i}");
        }
    }

    private static byte[] Value(int i)
    {
        var value = new byte[ValueLength];
        BitConverter.TryWriteBytes(value, i);
        return value;
    }
}
