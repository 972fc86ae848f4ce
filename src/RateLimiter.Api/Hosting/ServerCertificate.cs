using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Background;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// The certificate of new connections. Its files are read once a second: that detects a replaced file, a changed symbolic
/// link and a remounted volume alike. If they are unusable, the last certificate stays in use.
/// </summary>
internal sealed class ServerCertificate : RepeatingService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly TlsOptions options;
    private CertificateFiles files;
    private volatile SslStreamCertificateContext current;
    private int failures;

    public ServerCertificate(
        IOptions<TlsOptions> options,
        TimeProvider time,
        ILogger<ServerCertificate> logger
    )
        : base("The renewal of the certificate", Interval, time, logger)
    {
        this.options = options.Value;
        files = CertificateFiles.Read(this.options);
        current = files.Load(this.options);
    }

    /// <summary>The current certificate.</summary>
    public SslStreamCertificateContext Current => current;

    protected override Task WorkAsync(CancellationToken stoppingToken)
    {
        Renew();
        return Task.CompletedTask;
    }

    private void Renew()
    {
        try
        {
            var read = CertificateFiles.Read(options);
            if (read != files)
            {
                current = read.Load(options);
                files = read;
                var certificate = current.TargetCertificate;
                Logger.Renewed(certificate.Subject, certificate.NotAfter.ToUniversalTime());
            }

            failures = 0;
        }
        catch (CertificateException exception)
        {
            // The first failure may be a replacement of the files in progress.
            if (++failures == 2)
            {
                Logger.NotRenewed(exception.Message);
            }
        }
    }
}

internal static class Tls
{
    /// <summary>Adds the certificate of all https addresses, if one is configured.</summary>
    public static void AddTls(this IServiceCollection services, ConfigurationManager configuration)
    {
        var section = configuration.GetSection(TlsOptions.Section);
        services.AddOptions<TlsOptions>().Bind(section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TlsOptions>, TlsOptionsValidator>();
        if (string.IsNullOrEmpty(section[nameof(TlsOptions.CertificatePath)]))
        {
            return;
        }

        services.AddHosted<ServerCertificate>();
        services
            .AddOptions<KestrelServerOptions>()
            .Configure<ServerCertificate>(
                (kestrel, certificate) =>
                    kestrel.ConfigureHttpsDefaults(https =>
                    {
                        // Kestrel requires a certificate, but would send it without its intermediate certificates.
                        https.ServerCertificateSelector = (_, _) =>
                            certificate.Current.TargetCertificate;
                        https.OnAuthenticate = (_, tls) =>
                        {
                            tls.ServerCertificateSelectionCallback = null;
                            tls.ServerCertificateContext = certificate.Current;
                        };
                    })
            );
    }
}

internal static partial class TlsMessages
{
    [LoggerMessage(
        5,
        LogLevel.Information,
        "New connections get the certificate {Subject}, valid until {Until:u}"
    )]
    public static partial void Renewed(this ILogger logger, string subject, DateTime until);

    [LoggerMessage(6, LogLevel.Warning, "The certificate is not renewed. {Error}")]
    public static partial void NotRenewed(this ILogger logger, string error);
}
