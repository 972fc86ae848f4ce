using System.Diagnostics;
using Microsoft.Extensions.Logging.Testing;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Embedded;

/// <summary>The files of the embedded store: durable, compacted, and never read when they are damaged.</summary>
[TestFixture]
public sealed class EmbeddedStoreTests
{
    private const string Log = "AOF/aof.log.0";

    private readonly FakeLogger logger = new();
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        folder = new TemporaryFolder();
        logger.Collector.Clear();
    }

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public async Task Start_AfterAStop_HasWhatWasWritten()
    {
        await FillAsync(100);

        Assert.That(await CountAsync(), Is.EqualTo(100));
        Assert.That(logger.Collector.Messages(), Is.Empty);
    }

    [Test]
    public async Task Start_LogWithoutItsEnd_HasWhatCameBeforeAndSaysSo()
    {
        await FillAsync(100);
        Cut(Log, 600);

        Assert.That(await CountAsync(), Is.InRange(1, 99));
        Assert.That(logger.Collector.Messages(), Has.One.Contains("lacks the last"));
        logger.Collector.Clear();
        Assert.That(await CountAsync(), Is.InRange(1, 99));
        Assert.That(logger.Collector.Messages(), Is.Empty, "It is said once.");
    }

    [Test]
    public async Task Start_LogWithoutItsSecondHalf_Refuses()
    {
        await FillAsync(2000);
        Cut(Log, Length(Log) / 2);

        MustRefuse($"'{Log}' lacks its last");
    }

    // The rest of a torn entry is lost with it; otherwise it would be read with zeros in it.
    [TestCase(0, 1_000)]
    [TestCase(0, 60_000)]
    [TestCase(100, 60_000)]
    public async Task Start_LogCutInALargeEntry_Refuses(int smallerOnesBehind, int missing)
    {
        await FillAsync(10);
        await FillAsync(1, bytes: 100_000);
        await FillAsync(smallerOnesBehind);
        Cut(Log, missing);

        MustRefuse("cannot be read");
        MustRefuse("cannot be read");
    }

    [Test]
    public async Task Start_LogCutInSmallEntries_LosesNoMoreThanIsPromised()
    {
        await FillAsync(1000);
        Cut(Log, Checksums.MaxTorn - 4096);

        Assert.That(await CountAsync(), Is.InRange(1, 999));
        var said = logger
            .Collector.Messages()
            .Single(line => line.Contains($"{folder.Path} lacks the last"));
        Assert.That(
            int.Parse(said.Split("lacks the last ")[1].Split(' ')[0]),
            Is.InRange(Checksums.MaxTorn - 8192, Checksums.MaxTorn)
        );
    }

    [Test]
    public async Task Start_OnACopyOfADirectoryInUse_LeavesTheOriginalAlone()
    {
        using var copy = new TemporaryFolder();
        await FillAsync(10);
        await using var original = Start();
        var socket = Path.GetDirectoryName($"{original.Configuration.EndPoints[0]}")!;
        // Copied by another process, because this one may not read what it has locked.
        using (var copying = Process.Start("cp", ["-a", $"{folder.Path}/.", copy.Path]))
        {
            await copying.WaitForExitAsync();
        }

        await using (StartIn(copy.Path))
        {
            Assert.That(Directory.Exists(socket), "Its socket is gone.");
        }

        await using var connection = await ConnectionMultiplexer.ConnectAsync(
            original.Configuration
        );
        Assert.That((long)await connection.GetDatabase().ExecuteAsync("DBSIZE"), Is.EqualTo(10));
    }

    [Test]
    public async Task Start_AfterAKill_DeletesTheFolderOfTheSocketThatIsLeft()
    {
        await FillAsync(1);
        var left = Directory.CreateTempSubdirectory("ratelimiter-").FullName;
        await File.WriteAllTextAsync(Path.Combine(left, "lock"), "");
        await File.WriteAllTextAsync(PathOf("lock"), left);

        await using var store = Start();

        Assert.That(Directory.Exists(left), Is.False);
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
            log.SetLength(LogHash.SegmentSize + 1);
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
        Assert.That(logger.Collector.Messages(), Is.Empty);
        var snapshot = Path.GetRelativePath(folder.Path, Snapshots()[0]);
        Damage(snapshot);
        MustRefuse($"'{snapshot}' is damaged");
    }

    private EmbeddedStore Start() => StartIn(folder.Path);

    private EmbeddedStore StartIn(string path) =>
        EmbeddedStore.Start(path, new EmbeddedOptions().MaxBytes, new StoreRoom(), logger);

    private async Task FillAsync(int keys, int bytes = 100)
    {
        await using var store = Start();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(store.Configuration);
        for (var i = 0; i < keys; i++)
        {
            await connection.GetDatabase().StringSetAsync($"key-{bytes}-{i}", new byte[bytes]);
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
