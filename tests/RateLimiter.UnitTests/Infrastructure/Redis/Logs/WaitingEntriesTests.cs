using System.Text;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Logs;
using StackExchange.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Logs;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WaitingEntriesTests
{
    private const int Capacity = 1000;

    private static readonly LogId Log = new(TestData.Client, ClientLog.Decisions);

    private readonly WaitingEntries entries = new(1024 * 1024, Capacity);

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(999)]
    [TestCase(1000)]
    public void TakeAll_NoMoreThanTheLogKeeps_GivesAllInTheirOrder(int count)
    {
        Add(Log, count);

        var taken = entries.TakeAll().Single();

        Assert.That(TextsOf(taken), Is.EqualTo(Enumerable.Range(0, count).Select(TextOf)));
        Assert.That(taken.Skipped, Is.Zero);
    }

    [TestCase(1001)]
    [TestCase(1100)]
    [TestCase(2500)]
    [TestCase(100_000)]
    public void TakeAll_MoreThanTheLogKeeps_GivesTheNewestAndCountsTheOthers(int count)
    {
        Add(Log, count);

        Assert.That(entries.Count, Is.EqualTo(1000));
        var taken = entries.TakeAll().Single();

        Assert.That(
            TextsOf(taken),
            Is.EqualTo(Enumerable.Range(count - 1000, 1000).Select(TextOf))
        );
        Assert.That(taken.Skipped, Is.EqualTo(count - 1000));
        Assert.That(taken.Size, Is.LessThan(1024 * 1024));
    }

    [Test]
    public void TakeAll_EntriesOfAnyLength_GivesThemAsTheyWere()
    {
        string[] texts =
        [
            .. Enumerable.Range(0, 100).Select(i => new string('x', i * i)),
            new('y', 100_000),
        ];
        foreach (var text in texts)
        {
            Assert.That(entries.TryAdd(Log, Encoding.UTF8.GetBytes(text), out _));
        }

        Assert.That(TextsOf(entries.TakeAll().Single()), Is.EqualTo(texts));
    }

    [Test]
    public void TakeAll_SeveralLogs_KeepsThemApart()
    {
        var changes = Log with { Log = ClientLog.Changes };
        var other = Log with { Client = ClientId.New() };
        Add(Log, 3);
        Add(changes, 2);
        Add(other, 1);

        var taken = entries.TakeAll();

        Assert.That(
            taken.Select(it => (it.Log, it.Count)),
            Is.EquivalentTo(new[] { (Log, 3), (changes, 2), (other, 1) })
        );
        Assert.That(entries.Count, Is.Zero);
    }

    [Test]
    public void TakeAll_NothingNew_GivesNothing()
    {
        Add(Log, 3);
        entries.TakeAll();

        Assert.That(entries.TakeAll(), Is.Empty);
        Add(Log, 2);
        Assert.That(TextsOf(entries.TakeAll().Single()), Is.EqualTo([TextOf(0), TextOf(1)]));
    }

    [Test]
    public void TryAdd_First_TellsThatTheLogWasEmpty()
    {
        entries.TryAdd(Log, "a"u8, out var first);
        entries.TryAdd(Log, "b"u8, out var second);
        entries.TakeAll();
        entries.TryAdd(Log, "c"u8, out var third);

        Assert.That((first, second, third), Is.EqualTo((true, false, true)));
    }

    [Test]
    public void TryAdd_MemoryIsFull_IsRefusedUntilSomethingIsTaken()
    {
        var added = 0;
        while (entries.TryAdd(Log with { Client = ClientId.New() }, "a"u8, out _))
        {
            added++;
        }

        Assert.That(added, Is.EqualTo(1024), "Not one kilobyte for each client.");
        Assert.That(entries.IsHalfFull);
        Assert.That(entries.TakeAll().Sum(it => it.Count), Is.EqualTo(added));
        Assert.That(entries.IsHalfFull, Is.False);
        Assert.That(entries.TryAdd(Log, "a"u8, out _));
    }

    // Everything but the call to the store, which allocates nothing for an entry.
    [Test]
    public void TryAdd_ManyDecisions_AllocatesLittleForEach()
    {
        const int count = 100_000;
        var entry = TestData.LoggedOf("alice");
        Record();
        var before = GC.GetAllocatedBytesForCurrentThread();

        Record();

        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;
        Assert.That(each, Is.LessThan(64));

        void Record()
        {
            for (var i = 0; i < count; i++)
            {
                entries.TryAdd(Log, LogEntryJson.Write(entry), out _);
                if (i % Capacity == 0)
                {
                    foreach (var taken in entries.TakeAll())
                    {
                        taken.CopyTo(new RedisValue[taken.Count]);
                        taken.Return();
                    }
                }
            }
        }
    }

    [Test]
    public void TryAdd_FromManyThreadsWhileOthersAreTaken_LosesNone()
    {
        const int count = 200_000;
        var taken = 0L;
        var adding = Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => Add(Log, count)))
        );

        while (!adding.IsCompleted)
        {
            Take();
        }

        Take();
        Assert.That(adding.IsCompletedSuccessfully);
        Assert.That(taken, Is.EqualTo(4 * count));

        void Take()
        {
            foreach (var it in entries.TakeAll())
            {
                taken += it.Count + it.Skipped;
                it.Return();
            }
        }
    }

    private static string TextOf(int number) => $"entry {number}";

    private static IEnumerable<string?> TextsOf(PendingEntries taken)
    {
        var values = new RedisValue[taken.Count];
        taken.CopyTo(values);
        return values.Select(value => (string?)value);
    }

    private void Add(LogId log, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.That(entries.TryAdd(log, Encoding.UTF8.GetBytes(TextOf(i)), out _));
        }
    }
}
