using RateLimiter.EndToEndTests.Hosting;

namespace RateLimiter.EndToEndTests.Redis;

/// <summary>The files with which a redis-server uses TLS with a certificate for localhost.</summary>
internal static class TestTls
{
    /// <summary>Writes the files.</summary>
    /// <returns>The file of the authority, and the command-line arguments of the server.</returns>
    public static (string Root, string[] Options) Serve(string folder, int port)
    {
        var made = TestCertificate.Create("localhost");
        var (root, chain, key) = (
            Write("root", made.Root),
            Write("chain", made.Chain),
            Write("key", made.Key)
        );
        return (
            root,
            [
                "--tls-port",
                $"{port}",
                "--tls-cert-file",
                chain,
                "--tls-key-file",
                key,
                "--tls-ca-cert-file",
                root,
                "--tls-auth-clients",
                "no",
            ]
        );

        string Write(string name, string text)
        {
            var path = Path.Combine(folder, $"{name}.pem");
            File.WriteAllText(path, text);
            return path;
        }
    }
}
