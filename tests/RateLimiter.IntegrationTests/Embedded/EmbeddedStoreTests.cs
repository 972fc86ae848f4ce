using System.Diagnostics;
using RateLimiter.Application;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Embedded;

/// <summary>The files of the embedded store: kept, kept short, and never read when they are damaged.</summary>
[TestFixture]
public sealed class EmbeddedStoreTests
{
    private const string Log = "AOF/aof.log.0";

    private readonly MessageLog messages = new();
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public async Task Start_AfterAStop_HasWhatWasWritten()
    {
        await FillAsync(100);

        Assert.That(await CountAsync(), Is.EqualTo(100));
        Assert.That(messages.Messages, Is.Empty);
    }

    [Test]
    public async Task Start_LogWithoutItsEnd_HasWhatCameBeforeAndSaysSo()
    {
        await FillAsync(100);
        Cut(Log, 600);

        Assert.That(await CountAsync(), Is.InRange(1, 99));
        Assert.That(messages.Messages, Has.One.Contains("lacks the last"));
        messages.Messages.Clear();
        Assert.That(await CountAsync(), Is.InRange(1, 99));
        Assert.That(messages.Messages, Is.Empty, "It is said once.");
    }

    [Test]
    public async Task Start_LogWithoutItsSecondHalf_Refuses()
    {
        await FillAsync(2000);
        Cut(Log, Length(Log) / 2);

        MustRefuse($"'{Log}' lacks its last");
    }

    [Test]
    public async Task Start_MissingLog_Refuses()
    {
        await FillAsync(10);
        File.Delete(PathOf(Log));

        MustRefuse($"'{Log}' is missing");
    }

    [Test]
    public async Task Start_LogOfOneFileOnly_Refuses()
    {
        await FillAsync(10);
        await using (var log = File.OpenWrite(PathOf(Log)))
        {
            log.SetLength((1 << Checksums.SegmentBits) + 1);
        }

        MustRefuse("earlier version");
    }

    [TestCase(Log)]
    [TestCase("checksums")]
    public async Task Start_DamagedFile_RefusesAndChangesNothing(string name)
    {
        await FillAsync(100);
        Damage(name);

        MustRefuse($"'{name}' is damaged");
        MustRefuse($"'{name}' is damaged");
    }

    [Test]
    public async Task Watch_LongLog_IsReplacedByASnapshotThatIsGuardedToo()
    {
        await FillAsync(100);
        await using (var store = Start())
        {
            await OverwriteAsync(store, megabytes: 70);
            await WaitUntilAsync(() =>
                Snapshots().Length == 1
                && !File.ReadAllText(PathOf("checksums")).Contains("compacting")
            );
            Assert.That(LengthOf("AOF"), Is.LessThan(20_000_000));
            Assert.That(LengthOf("Store"), Is.LessThan(20_000_000));
        }

        Assert.That(await CountAsync(), Is.EqualTo(101));
        Assert.That(messages.Messages, Is.Empty);
        var snapshot = Path.GetRelativePath(folder.Path, Snapshots()[0]);
        Damage(snapshot);
        MustRefuse($"'{snapshot}' is damaged");
    }

    private EmbeddedStore Start() =>
        EmbeddedStore.Start(folder.Path, new EmbeddedOptions().MaxBytes, new StoreRoom(), messages);

    private async Task FillAsync(int keys)
    {
        await using var store = Start();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(store.Configuration);
        for (var i = 0; i < keys; i++)
        {
            await connection.GetDatabase().StringSetAsync($"key-{i}", new byte[100]);
            await store.CommitAsync();
        }
    }

    private static async Task OverwriteAsync(EmbeddedStore store, int megabytes)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(store.Configuration);
        for (var i = 0; i < megabytes * 10; i++)
        {
            await connection.GetDatabase().StringSetAsync("large", new byte[100_000]);
        }

        await store.CommitAsync();
    }

    private async Task<long> CountAsync()
    {
        await using var store = Start();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(store.Configuration);
        return (long)await connection.GetDatabase().ExecuteAsync("DBSIZE");
    }

    private void MustRefuse(string reason)
    {
        var refusal = Assert.Throws<EmbeddedStoreException>(() => Start());
        Assert.That(
            refusal.Message,
            Does.Contain(reason).And.Contain(folder.Path).And.Contain("move it away")
        );
    }

    private static async Task WaitUntilAsync(Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(60)));
            await Task.Delay(50);
        }
    }

    private string[] Snapshots() =>
        Directory.Exists(PathOf("Store"))
            ? Directory.GetFiles(PathOf("Store"), "snapshot.dat.0", SearchOption.AllDirectories)
            : [];

    private void Damage(string name)
    {
        using var file = File.Open(PathOf(name), FileMode.Open);
        file.Position = file.Length / 2;
        var old = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(old ^ 1));
    }

    private void Cut(string name, long bytes)
    {
        using var file = File.OpenWrite(PathOf(name));
        file.SetLength(file.Length - bytes);
    }

    private long Length(string name) => new FileInfo(PathOf(name)).Length;

    private long LengthOf(string name) =>
        Directory
            .GetFiles(PathOf(name), "*", SearchOption.AllDirectories)
            .Sum(file => new FileInfo(file).Length);

    private string PathOf(string name) => Path.Combine(folder.Path, name);
}
