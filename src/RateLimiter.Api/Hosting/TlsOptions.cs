using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// The certificate of all https addresses, in <see href="docs/production.md#tls">PEM files</see> that can be replaced while
/// the service runs.
/// </summary>
internal sealed class TlsOptions
{
    public const string Section = "Tls";

    /// <summary>The file of the certificate, followed by its intermediate certificates.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>The file of its private key; without it the key is in the file of the certificate.</summary>
    public string? KeyPath { get; set; }

    /// <summary>The password of the key, if it is encrypted. A secret.</summary>
    public string? KeyPassword { get; set; }
}

internal sealed class TlsOptionsValidator(
    IConfiguration configuration,
    IHostEnvironment environment
) : IValidateOptions<TlsOptions>
{
    public ValidateOptionsResult Validate(string? name, TlsOptions options) =>
        FindError(options) is { } error
            ? ValidateOptionsResult.Fail(error)
            : ValidateOptionsResult.Success;

    // No message shows the password.
    private string? FindError(TlsOptions options)
    {
        if (!string.IsNullOrEmpty(options.CertificatePath))
        {
            return configuration.ServesHttps()
                ? FileError(options)
                : "Tls:CertificatePath is set, but no address (ASPNETCORE_URLS) begins with https.";
        }

        if (!string.IsNullOrEmpty(options.KeyPath) || !string.IsNullOrEmpty(options.KeyPassword))
        {
            return "Tls:CertificatePath is missing, which the key belongs to.";
        }

        // Kestrel would otherwise look for a development certificate.
        return
            configuration.ServesHttps()
            && !configuration.HasKestrelCertificate()
            && !environment.IsDevelopment()
            ? "Tls:CertificatePath is missing: an address begins with https."
            : null;
    }

    private static string? FileError(TlsOptions options)
    {
        try
        {
            CertificateFiles.Read(options).Load(options);
            return null;
        }
        catch (CertificateException exception)
        {
            return exception.Message;
        }
    }
}
