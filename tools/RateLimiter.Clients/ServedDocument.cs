using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;

namespace RateLimiter.Clients;

/// <summary>The OpenAPI document, as JSON.</summary>
internal static partial class ServedDocument
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Reads one from a file or an address.</summary>
    public static async Task<string> FromAsync(string pathOrAddress)
    {
        if (!pathOrAddress.StartsWith("http", StringComparison.Ordinal))
        {
            return await File.ReadAllTextAsync(pathOrAddress);
        }

        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(pathOrAddress));
    }

    /// <summary>
    /// Starts the service with its own data on a free port, requests its document, and stops the service.
    /// </summary>
    public static async Task<string> OfBuiltServiceAsync()
    {
        var service = typeof(ServedDocument)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "ServicePath")
            .Value!;
        var folder = Directory.CreateTempSubdirectory("ratelimiter-clients-");
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet")
            {
                ArgumentList = { service },
                WorkingDirectory = folder.FullName,
                RedirectStandardOutput = true,
                Environment = { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" },
            },
        };
        process.Start();
        try
        {
            using var patience = new CancellationTokenSource(StartTimeout);
            while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                if (ListenLine().Match(line) is { Success: true } match)
                {
                    return await FromAsync($"{match.Groups[1].Value}/openapi.json");
                }
            }

            throw new InvalidOperationException("The service did not start.");
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"listens on (http://\S+)")]
    private static partial Regex ListenLine();
}
