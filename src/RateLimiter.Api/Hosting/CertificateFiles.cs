using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RateLimiter.Api.Hosting;

/// <summary>The contents of the files of a certificate and its key.</summary>
internal sealed record CertificateFiles(string Certificate, string Key)
{
    /// <exception cref="CertificateException">A file cannot be read.</exception>
    public static CertificateFiles Read(TlsOptions options)
    {
        var certificate = Read(nameof(TlsOptions.CertificatePath), options.CertificatePath!);
        return new CertificateFiles(
            certificate,
            string.IsNullOrEmpty(options.KeyPath)
                ? certificate
                : Read(nameof(TlsOptions.KeyPath), options.KeyPath)
        );
    }

    /// <summary>The certificate with its key, and with the intermediate certificates that lead to its root.</summary>
    /// <exception cref="CertificateException">There is no certificate, or the key does not match it.</exception>
    public SslStreamCertificateContext Load(TlsOptions options)
    {
        var certificates = Certificates(options);
        try
        {
            var certificate = string.IsNullOrEmpty(options.KeyPassword)
                ? X509Certificate2.CreateFromPem(Certificate, Key)
                : X509Certificate2.CreateFromEncryptedPem(Certificate, Key, options.KeyPassword);
            // Offline: nothing is downloaded to complete the chain.
            return SslStreamCertificateContext.Create(certificate, certificates, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            var (option, path) = string.IsNullOrEmpty(options.KeyPath)
                ? (nameof(TlsOptions.CertificatePath), options.CertificatePath)
                : (nameof(TlsOptions.KeyPath), options.KeyPath);
            var how = string.IsNullOrEmpty(options.KeyPassword)
                ? "unencrypted"
                : "encrypted with Tls:KeyPassword";
            throw new CertificateException(
                $"Tls:{option} '{path}' holds no private key in PEM form, {how}, that is the one of the certificate in "
                    + $"'{options.CertificatePath}'."
            );
        }
    }

    private X509Certificate2Collection Certificates(TlsOptions options)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Certificate);
        }
        catch (CryptographicException)
        {
            certificates.Clear();
        }

        return certificates.Count > 0
            ? certificates
            : throw new CertificateException(
                $"Tls:CertificatePath '{options.CertificatePath}' holds no certificates in PEM form."
            );
    }

    private static string Read(string option, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException(
                $"Tls:{option} '{path}' cannot be read: {exception.Message}"
            );
        }
    }
}

/// <summary>The message states in one line which file is invalid, and why.</summary>
internal sealed class CertificateException(string message) : Exception(message);
