using System.Net.Security;
using System.Net.Sockets;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>The service with its own certificate.</summary>
[TestFixture]
public sealed class TlsTests
{
    private const string Password = "hunter2-hunter2";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private TemporaryFolder folder = null!;
    private string certificatePath = null!;
    private string keyPath = null!;

    [SetUp]
    public void MakeFiles()
    {
        folder = new TemporaryFolder();
        certificatePath = Path.Combine(folder.Path, "cert.pem");
        keyPath = Path.Combine(folder.Path, "key.pem");
        Write(TestCertificate.Create("first"));
    }

    [TearDown]
    public void DeleteFiles() => folder.Dispose();

    [TestCase("ASPNETCORE_URLS")]
    [TestCase("Kestrel__Endpoints__Tls__Url")]
    [Contract(
        "https from PEM files, with the certificates that lead to the root, and without a warning"
    )]
    public async Task Start_HttpsAddress_ServesTheCertificateAndItsChain(string option)
    {
        await using var service = await ServeAsync(option);

        var (subject, chain) = await ServedAsync(service);

        Assert.That(subject, Is.EqualTo("CN=first"));
        Assert.That(chain, Does.Contain("CN=Intermediate of first"));
        // As it would warn about an address that another setting overrides.
        Assert.That(service.Output, Does.Not.Contain("Overriding"));
    }

    [Test]
    [Contract("https: Strict-Transport-Security, on every response")]
    public async Task AnyAnswer_OverHttps_TellsTheBrowserToStayThere()
    {
        await using var service = await ServeAsync();
        var visitor = new ApiClient(service);

        foreach (var path in new[] { "/policy", "/docs/index.html", "/health/live", "/nothing" })
        {
            // The framework omits it for an address of this machine.
            var answer = await visitor.SendAsync(
                HttpMethod.Get,
                path,
                null as string,
                ("Host", "ratelimiter.example")
            );

            Assert.That(
                answer.Headers,
                Contains.Key("Strict-Transport-Security").WithValue("max-age=31536000"),
                path
            );
        }
    }

    [Test]
    [Contract("https: files that are replaced are used by new connections, and old ones go on")]
    public async Task Files_Replaced_AreUsedByNewConnections()
    {
        await using var service = await ServeAsync();
        await using var old = await ConnectAsync(service);

        Write(TestCertificate.Create("second"));

        await MustServeAsync(service, "CN=second");
        await old.WriteAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        Assert.That(await old.ReadAsync(new byte[1024]), Is.Positive);
        await Poll.UntilAsync(
            "It does not log it.",
            Patience,
            () =>
                Task.FromResult(
                    service.Output.Contains(
                        "New connections get the certificate CN=second",
                        StringComparison.Ordinal
                    )
                )
        );
    }

    [Test]
    [Contract("https: a link that is turned to other files is followed")]
    public async Task Files_BehindALinkThatIsTurned_AreUsedByNewConnections()
    {
        var links = Directory.CreateDirectory(Path.Combine(folder.Path, "links")).FullName;
        LinkTo(folder.Path);
        await using var service = await ServeAsync(folder: links);

        var next = Directory.CreateDirectory(Path.Combine(folder.Path, "next")).FullName;
        var second = TestCertificate.Create("second");
        await File.WriteAllTextAsync(Path.Combine(next, "cert.pem"), second.Chain);
        await File.WriteAllTextAsync(Path.Combine(next, "key.pem"), second.Key);
        LinkTo(next);

        await MustServeAsync(service, "CN=second");

        void LinkTo(string files)
        {
            foreach (var name in new[] { "cert.pem", "key.pem" })
            {
                File.Delete(Path.Combine(links, name));
                File.CreateSymbolicLink(Path.Combine(links, name), Path.Combine(files, name));
            }
        }
    }

    [Test]
    [Contract(
        "https: unusable files change nothing, one warning reports them, and valid ones are used"
    )]
    public async Task Files_ReplacedByWrongOnes_ChangeNothingAndAreWarnedOfOnce()
    {
        await using var service = await ServeAsync();

        await File.WriteAllTextAsync(keyPath, TestCertificate.Create("other").Key);
        await Poll.UntilAsync(
            "It does not warn.",
            Patience,
            () => Task.FromResult(Warnings(service).Any())
        );
        var (subject, _) = await ServedAsync(service);
        Write(TestCertificate.Create("second"));
        await MustServeAsync(service, "CN=second");

        Assert.That(subject, Is.EqualTo("CN=first"));
        Assert.That(Warnings(service).Single(), Does.Contain(keyPath));
    }

    [Test]
    [Contract("https: an encrypted key")]
    public async Task Start_EncryptedKey_ServesTheCertificate()
    {
        Write(TestCertificate.Create("encrypted", Password));

        await using var service = await ServeAsync(
            "ASPNETCORE_URLS",
            settings: [("Tls__KeyPassword", Password)]
        );

        Assert.That((await ServedAsync(service)).Subject, Is.EqualTo("CN=encrypted"));
    }

    [TestCase("no certificate file", "Tls:CertificatePath", "cert.pem")]
    [TestCase("no key file", "Tls:KeyPath", "key.pem")]
    [TestCase("another key", "Tls:KeyPath", "key.pem")]
    [TestCase("another password", "Tls:KeyPath", "key.pem")]
    [TestCase("no certificate in the file", "Tls:CertificatePath", "cert.pem")]
    [TestCase("half a certificate", "Tls:CertificatePath", "cert.pem")]
    [TestCase("garbage in a certificate", "Tls:CertificatePath", "cert.pem")]
    [Contract(
        "A certificate that cannot be used stops the start with one line that names option and file"
    )]
    public async Task Start_FilesThatCannotBeUsed_EndsWithOneLine(
        string fault,
        string option,
        string file
    )
    {
        switch (fault)
        {
            case "no certificate file":
                File.Delete(certificatePath);
                break;
            case "no key file":
                File.Delete(keyPath);
                break;
            case "another key":
                await File.WriteAllTextAsync(
                    keyPath,
                    TestCertificate.Create("other", Password).Key
                );
                break;
            case "another password":
                Write(TestCertificate.Create("first", Password + "x"));
                break;
            case "no certificate in the file":
                await File.WriteAllTextAsync(certificatePath, "");
                break;
            case "half a certificate":
                var text = await File.ReadAllTextAsync(certificatePath);
                await File.WriteAllTextAsync(certificatePath, text[..100]);
                break;
            case "garbage in a certificate":
                await File.WriteAllTextAsync(
                    certificatePath,
                    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
                );
                break;
        }

        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("ASPNETCORE_URLS", "https://127.0.0.1:0"),
            ("Tls__CertificatePath", certificatePath),
            ("Tls__KeyPath", keyPath),
            ("Tls__KeyPassword", Password)
        );

        MustSay(refusal, option, file);
    }

    [Test]
    [Contract(
        "A certificate that is named for Kestrel, and cannot be used, stops the start with one line"
    )]
    public async Task Start_KestrelCertificateThatCannotBeUsed_EndsWithOneLine()
    {
        Write(TestCertificate.Create("first", Password + "x"));

        // The server reads it when the store has started, and an embedded store may log that it was stopped immediately.
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            [
                .. await SharedServices.AnyStoreAsync(),
                ("ASPNETCORE_URLS", "https://127.0.0.1:0"),
                ("Kestrel__Certificates__Default__Path", certificatePath),
                ("Kestrel__Certificates__Default__KeyPath", keyPath),
                ("Kestrel__Certificates__Default__Password", Password),
            ]
        );

        MustSay(refusal, "Kestrel");
    }

    [TestCase("https://127.0.0.1:0", "")]
    [TestCase("http://127.0.0.1:0", "cert.pem")]
    [Contract("Neither https without a certificate nor a certificate without https")]
    public async Task Start_EitherHttpsOrACertificate_EndsWithOneLine(
        string url,
        string certificate
    )
    {
        var refusal = await Service.StartInVainAsync(
            folder.Path,
            ("ASPNETCORE_URLS", url),
            ("Tls__CertificatePath", certificate)
        );

        MustSay(refusal, "Tls:CertificatePath");
    }

    private async Task<Service> ServeAsync(
        string option = "ASPNETCORE_URLS",
        string? folder = null,
        (string Name, string Value)[]? settings = null
    ) =>
        await Service.StartAsync(
            this.folder.Path,
            [
                .. await SharedServices.AnyStoreAsync(),
                (option, "https://127.0.0.1:0"),
                ("Tls__CertificatePath", Path.Combine(folder ?? this.folder.Path, "cert.pem")),
                ("Tls__KeyPath", Path.Combine(folder ?? this.folder.Path, "key.pem")),
                .. settings ?? [],
            ]
        );

    private void Write(TestCertificate certificate)
    {
        File.WriteAllText(certificatePath, certificate.Chain);
        File.WriteAllText(keyPath, certificate.Key);
    }

    private static void MustSay(string refusal, params string[] words)
    {
        Assert.That(refusal, Does.Not.Contain('\n'));
        foreach (var word in words)
        {
            Assert.That(refusal, Does.Contain(word));
        }

        Assert.That(refusal, Does.Not.Contain("hunter2"));
    }

    private static Task<TimeSpan> MustServeAsync(Service service, string subject) =>
        Poll.UntilAsync(
            $"New connections do not get {subject}.",
            Patience,
            async () => (await ServedAsync(service)).Subject == subject
        );

    private static IEnumerable<string> Warnings(Service service) =>
        service.OutputLines.Where(line =>
            line.Contains("certificate is not renewed", StringComparison.Ordinal)
        );

    /// <summary>The certificate that a new connection gets.</summary>
    private static async Task<(string Subject, IReadOnlyList<string> Chain)> ServedAsync(
        Service service
    )
    {
        var chain = new List<string>();
        await using var stream = await ConnectAsync(service, chain);
        return (stream.RemoteCertificate!.Subject, chain);
    }

    private static async Task<SslStream> ConnectAsync(Service service, List<string>? sent = null)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(service.Address.Host, service.Address.Port);
        var stream = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "ratelimiter.example",
                RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                {
                    // The certificates that came with it, in addition to those that the machine trusts.
                    sent?.AddRange(chain!.ChainPolicy.ExtraStore.Select(it => it.Subject));
                    return certificate is not null;
                },
            }
        );
        return stream;
    }
}
