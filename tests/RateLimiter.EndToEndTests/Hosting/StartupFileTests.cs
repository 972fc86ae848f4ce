using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>Files and folders that the service needs before it starts, and its messages about unusable ones.</summary>
[TestFixture]
public sealed class StartupFileTests
{
    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [TestCase("garbage hunter2", 1)]
    [TestCase("=hunter2", 1)]
    [TestCase("# all\n\nA=1\nREDIS_HOST=\"hunter2\nREDIS_PORT=1\n\n", 4)]
    [TestCase("A='hunter2", 1)]
    [TestCase("A=1\nB=hunter2\"x\nC=2\n", 2)]
    [TestCase("A=\"one\ntwo\"\nB hunter2=1", 3)]
    [TestCase("A=1\r\nhunter2\r\n", 2)]
    [TestCase("A:B=hunter2", 1)]
    [TestCase("\0=hunter2", 1)]
    [Contract(
        "A .env that is not understood stops the start with one line that names file and line"
    )]
    public async Task Start_DotEnvFileThatIsNone_EndsWithOneLineWithoutAValue(string text, int line)
    {
        await File.WriteAllTextAsync(Path.Combine(folder.Path, ".env"), text);

        var refusal = await ServiceProcess.StartInVainAsync(folder.Path);

        MustBeOneLine(refusal, $"'{folder.Path}/.env', line {line}, ");
        Assert.That(refusal.Lines[0], Does.Not.Contain("hunter2"));
    }

    [Test]
    public async Task Start_DotEnvFileWithAValueThatCannotBe_EndsWithOneLine()
    {
        await File.WriteAllTextAsync(Path.Combine(folder.Path, ".env"), "A=hunter2\0x\n");

        var refusal = await ServiceProcess.StartInVainAsync(folder.Path);

        MustBeOneLine(refusal, $"'{folder.Path}/.env'");
        Assert.That(refusal.Lines[0], Does.Not.Contain("hunter2"));
    }

    [Test]
    [Contract("TMPDIR too long or missing: one line that names the variable")]
    public async Task Start_TemporaryFolderThatCannotBeUsed_NamesTheVariable(
        [Values("missing", "file", "long")] string kind
    )
    {
        var path = Path.Combine(folder.Path, kind.PadRight(kind == "long" ? 85 : 0, 'x'));
        if (kind == "long")
        {
            Directory.CreateDirectory(path);
        }
        else if (kind == "file")
        {
            await File.WriteAllTextAsync(path, "");
        }

        var refusal = await ServiceProcess.StartInVainAsync(folder.Path, ("TMPDIR", path));

        MustBeOneLine(refusal, $"TMPDIR '{path}");
        if (kind == "long")
        {
            Assert.That(Directory.GetDirectories(path), Is.Empty, "No file is left there.");
        }
    }

    // A Redis needs no socket there.
    [Test]
    public async Task Start_TemporaryFolderThatIsNotUsed_IsNotJudged()
    {
        var port = RedisServer.FreePort();

        await using var service = await ServiceProcess.StartAsync(
            folder.Path,
            ("TMPDIR", Path.Combine(folder.Path, "missing")),
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", $"{port}")
        );

        Assert.That(
            (await new ApiClient(service).GetAsync("/health/live")).Status,
            Is.EqualTo(200)
        );
    }

    private static void MustBeOneLine(ServiceProcess.Refusal refusal, string named)
    {
        Assert.That(refusal.ExitCode, Is.EqualTo(1));
        Assert.That(refusal.Lines, Has.Count.EqualTo(1));
        Assert.That(refusal.Lines[0], Does.StartWith("RateLimiter cannot start. "));
        Assert.That(refusal.Lines[0], Does.Contain(named));
    }
}
